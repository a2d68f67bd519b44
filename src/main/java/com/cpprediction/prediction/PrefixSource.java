package com.cpprediction.prediction;

import com.cpprediction.common.Labelled;

/** What decided the prefix of a prediction. */
public enum PrefixSource implements Labelled {
  /** The pincode of the request: it is one of the predicted prefix. */
  PINCODE,
  /** The words of the address: the request has no pincode. */
  TEXT,
  /** The words of the address, against the pincode of the request. */
  CORRECTED;

  /**
   * @throws IllegalArgumentException when none has this {@linkplain #label() label}
   */
  public static PrefixSource of(String label) {
    for (var source : values()) if (source.label().equals(label)) return source;
    throw new IllegalArgumentException("\"" + label + "\" is no source of a prefix");
  }
}
