package com.cpprediction.inference;

import java.util.Locale;

/**
 * Inputs of a model: tensors of {@link Datatype#BYTES}, one element for each shipment. An empty
 * element is as if it were not sent.
 */
public enum InputTensor {
  /** As typed, 1 to 1,000 characters; required. */
  ADDRESS,
  /** Six digits. */
  PINCODE,
  /** 1 to 64 characters; the prediction id where there is none. */
  SHIPMENT_ID,
  /** UUID v7: a repeated id is one stored prediction. */
  PREDICTION_ID;

  /** Name in requests and metadata. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
