package com.cpprediction.bus;

import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.Refusal;
import java.util.List;

/**
 * Predictions and refusals of one caller to keep, stored together or, where one is refused by the
 * database, each for itself.
 *
 * @param predictions at least one, or else a refusal
 */
public record RecordRequest(List<Prediction> predictions, List<Refusal> refusals) {
  public RecordRequest {
    predictions = List.copyOf(predictions);
    refusals = List.copyOf(refusals);
    if (predictions.isEmpty() && refusals.isEmpty()) {
      throw new IllegalArgumentException("nothing to keep");
    }
  }

  public RecordRequest(List<Prediction> predictions) {
    this(predictions, List.of());
  }
}
