package com.cpprediction.prediction;

import java.util.List;

/**
 * The result of scoring an address: the part of a prediction that may be cached.
 *
 * @param fingerprint scoring fingerprint (64 hex digits) of the model and all settings involved
 * @param candidates one to three CPs, most likely first
 */
public record Scored(String fingerprint, List<Candidate> candidates) {
  /** Maximum number of candidates. */
  public static final int CANDIDATES = 3;

  public Scored {
    candidates = List.copyOf(candidates);
    if (candidates.isEmpty() || candidates.size() > CANDIDATES) {
      throw new IllegalArgumentException(
          candidates.size() + " candidates, must be in 1.." + CANDIDATES);
    }
  }
}
