package com.cpprediction.training;

import com.cpprediction.prediction.Scored;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;

/**
 * Counts behind accuracy and calibration. Accuracy and top 3 are shares of all rows; a row without
 * prediction counts as wrong. Calibration is the expected calibration error over the predicted rows
 * (Naeini et al. 2015), in {@value #BINS} bins of equal width.
 */
final class AccuracyCounts {
  private static final int BINS = 15;

  private long rows;
  private long predicted;
  private long right;
  private long inTop;
  private final long[] binRows = new long[BINS];
  private final long[] binRight = new long[BINS];
  private final double[] binConfidence = new double[BINS];

  /**
   * Counts a row.
   *
   * @param prediction of the row, if there is one
   */
  void add(String truth, @Nullable Scored prediction) {
    rows++;
    if (prediction == null) return;
    predicted++;
    var best = prediction.candidates().get(0);
    boolean hit = best.cp().equals(truth);
    if (hit) right++;
    if (prediction.candidates().stream().anyMatch(c -> c.cp().equals(truth))) inTop++;
    int bin = Math.min(BINS - 1, (int) (best.confidence() * BINS));
    binRows[bin]++;
    if (hit) binRight[bin]++;
    binConfidence[bin] += best.confidence();
  }

  void add(AccuracyCounts other) {
    rows += other.rows;
    predicted += other.predicted;
    right += other.right;
    inTop += other.inTop;
    for (int bin = 0; bin < BINS; bin++) {
      binRows[bin] += other.binRows[bin];
      binRight[bin] += other.binRight[bin];
      binConfidence[bin] += other.binConfidence[bin];
    }
  }

  long rows() {
    return rows;
  }

  double accuracy() {
    return rows == 0 ? 0 : (double) right / rows;
  }

  double top3() {
    return rows == 0 ? 0 : (double) inTop / rows;
  }

  double calibrationError() {
    double error = 0;
    for (int bin = 0; bin < BINS; bin++) error += Math.abs(binRight[bin] - binConfidence[bin]);
    return predicted == 0 ? 0 : error / predicted;
  }

  JsonObject toJson() {
    return new JsonObject()
        .put("rows", rows)
        .put("answered", predicted)
        .put("accuracy", rounded(accuracy()))
        .put("top3", rounded(top3()))
        .put("ece", rounded(calibrationError()));
  }

  private static double rounded(double share) {
    return Math.rint(share * 1e5) / 1e5;
  }
}
