package com.cpprediction.prediction;

import com.cpprediction.common.Labelled;

/** The judgement of a prediction by the reported outcome. */
public enum Verdict implements Labelled {
  /** The predicted CP delivered the shipment. */
  RIGHT,
  /** One of the alternatives did. */
  ALTERNATIVE,
  /** Another CP did. */
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
