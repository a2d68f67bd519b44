package com.cpprediction.prediction;

import java.util.Map;

/**
 * What this node can answer now: an immutable snapshot, replaced whole when models change.
 *
 * @param fingerprints scoring fingerprint by prefix
 */
public record Catalog(Map<String, String> fingerprints) {
  /** Digits in a pincode, and so the longest prefix. */
  public static final int PINCODE_LENGTH = 6;

  public Catalog {
    fingerprints = Map.copyOf(fingerprints);
  }

  /**
   * @return the longest prefix of {@code pincode} that has a model, or null when none has
   */
  public String prefixOf(String pincode) {
    for (int length = PINCODE_LENGTH; length > 0; length--) {
      var prefix = pincode.substring(0, length);
      if (fingerprints.containsKey(prefix)) return prefix;
    }
    return null;
  }
}
