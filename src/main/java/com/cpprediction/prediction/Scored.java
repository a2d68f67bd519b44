package com.cpprediction.prediction;

import java.util.List;

/**
 * The CPs of a prediction.
 *
 * @param fingerprint of the models and all settings involved, 64 hex digits, as {@link
 *     Posterior#fingerprint}
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
