package com.cpprediction.prediction;

import java.util.Locale;

/** What a prediction was worth, once it is known where the shipment truly went. */
public enum Verdict {
  /** The predicted CP is the one. */
  RIGHT,
  /** One of the alternatives is. */
  ALTERNATIVE,
  /** None of them is. */
  WRONG,
  /** No prediction of the shipment is stored. */
  UNKNOWN;

  /** As answered and stored: {@code right}, {@code alternative}, {@code wrong}, {@code unknown}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * @throws IllegalArgumentException when none has this {@linkplain #label() label}
   */
  public static Verdict of(String label) {
    for (var verdict : values()) if (verdict.label().equals(label)) return verdict;
    throw new IllegalArgumentException("\"" + label + "\" is no verdict");
  }
}
