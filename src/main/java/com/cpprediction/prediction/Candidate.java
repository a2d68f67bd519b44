package com.cpprediction.prediction;

import java.util.Objects;

/**
 * One CP and how likely it is the right one.
 *
 * @param cp the CP's code
 * @param confidence probability in 0..1, six decimals, so that what is answered, cached and stored
 *     is the same number
 */
public record Candidate(String cp, double confidence) {
  public Candidate {
    Objects.requireNonNull(cp, "cp");
    confidence = Math.rint(confidence * 1e6) / 1e6;
  }
}
