package com.cpprediction.bus;

import com.cpprediction.prediction.Prediction;
import java.util.List;

/**
 * Predictions of one caller to keep, stored together or, where one is refused by the database, each
 * for itself.
 *
 * @param predictions at least one
 */
public record RecordRequest(List<Prediction> predictions) {
  public RecordRequest {
    predictions = List.copyOf(predictions);
    if (predictions.isEmpty()) throw new IllegalArgumentException("no prediction to keep");
  }
}
