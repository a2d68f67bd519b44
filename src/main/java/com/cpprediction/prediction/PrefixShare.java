package com.cpprediction.prediction;

import io.vertx.core.json.JsonObject;

/**
 * The probability that an address belongs to a prefix, and what decided it: the sum of {@code
 * words}, {@code fit} and {@code pincodes} of one prefix less that of another is the log-odds
 * between the two.
 *
 * @param probability 0..1; those of all prefixes, scored ones and others, add up to 1
 * @param words logarithm of the weight of the words, by the stage that names prefixes
 * @param fit how well the prefix's own model fits the words, as {@link PrefixFit}; 0 where the
 *     model was not asked
 * @param pincodes logarithm of the weight of the pincodes given the CPs of the prefix; 0 without
 *     one
 */
public record PrefixShare(
    String prefix, double probability, double words, double fit, double pincodes) {
  private static final double DECIMALS = 1e6;

  /** As in {@code explanation.prefixes} in the response of {@code POST /predict?explain=true}. */
  public JsonObject toJson() {
    return new JsonObject()
        .put("prefix", prefix)
        .put("probability", rounded(probability))
        .put("words", rounded(words))
        .put("fit", rounded(fit))
        .put("pincodes", rounded(pincodes));
  }

  private static double rounded(double value) {
    return Math.rint(value * DECIMALS) / DECIMALS;
  }
}
