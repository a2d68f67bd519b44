package com.cpprediction.prediction;

import com.cpprediction.common.Labelled;

/** What a prediction was worth, once it is known where the shipment truly went. */
public enum Verdict implements Labelled {
  /** The predicted CP is the one. */
  RIGHT,
  /** One of the alternatives is. */
  ALTERNATIVE,
  /** None of them is. */
  WRONG,
  /** No prediction of the shipment is stored. */
  UNKNOWN;

  /**
   * @throws IllegalArgumentException when none has this {@linkplain #label() label}
   */
  public static Verdict of(String label) {
    for (var verdict : values()) if (verdict.label().equals(label)) return verdict;
    throw new IllegalArgumentException("\"" + label + "\" is no verdict");
  }
}
