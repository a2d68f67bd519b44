package com.cpprediction.prediction;

import java.util.Objects;

/**
 * A CP and its probability.
 *
 * @param cp the CP's code
 * @param confidence probability in 0..1, rounded to six decimals, so that responses, cache and
 *     database hold the same number
 */
public record Candidate(String cp, double confidence) {
  public Candidate {
    Objects.requireNonNull(cp, "cp");
    confidence = Math.rint(confidence * 1e6) / 1e6;
  }
}
