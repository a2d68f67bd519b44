package com.cpprediction.training;

import com.cpprediction.prediction.Failure;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Counts behind accuracy and calibration. Accuracy and top 3 are shares of all rows; a refused row
 * counts as wrong. Calibration is the expected calibration error over the predicted rows (Naeini et
 * al. 2015), in {@value #BINS} bins of equal width.
 */
final class AccuracyCounts {
  private static final int BINS = 15;

  /** Confidences at which the coverage is counted. */
  private static final double[] LEAST = {0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99};

  private long rows;
  private long predicted;
  private long right;
  private long inTop;
  private final long[] binRows = new long[BINS];
  private final long[] binRight = new long[BINS];
  private final double[] binConfidence = new double[BINS];
  private final long[] sureRows = new long[LEAST.length];
  private final long[] sureRight = new long[LEAST.length];
  private final Map<Failure, Long> refusals = new EnumMap<>(Failure.class);

  /**
   * Predicted rows of one range of confidence.
   *
   * @param from inclusive
   * @param to exclusive, but for the last bin
   * @param confidence mean, {@code NaN} without rows
   * @param right share of its rows with the right first CP, {@code NaN} without rows
   */
  record Bin(double from, double to, long rows, double confidence, double right) {
    JsonObject toJson() {
      return new JsonObject()
          .put("from", Shares.rounded(from))
          .put("to", Shares.rounded(to))
          .put("rows", rows)
          .put("confidence", Shares.rounded(confidence))
          .put("right", Shares.rounded(right));
    }
  }

  /**
   * Rows that are predicted when less sure predictions are refused.
   *
   * @param confidence minimum, inclusive
   * @param predicted share of all rows
   * @param right share of the predicted rows with the right first CP, {@code NaN} without rows
   */
  record Coverage(double confidence, double predicted, double right) {
    JsonObject toJson() {
      return new JsonObject()
          .put("confidence", confidence)
          .put("predicted", Shares.rounded(predicted))
          .put("right", Shares.rounded(right));
    }
  }

  void add(RowResult result) {
    rows++;
    if (result.refusal() != null) {
      refusals.merge(result.refusal(), 1L, Long::sum);
      return;
    }
    predicted++;
    double confidence = result.confidence();
    if (result.right()) right++;
    if (result.inTop()) inTop++;
    int bin = Math.min(BINS - 1, (int) (confidence * BINS));
    binRows[bin]++;
    if (result.right()) binRight[bin]++;
    binConfidence[bin] += confidence;
    for (int i = 0; i < LEAST.length && confidence >= LEAST[i]; i++) {
      sureRows[i]++;
      if (result.right()) sureRight[i]++;
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

  /** Refused rows by failure. */
  Map<Failure, Long> refusals() {
    return refusals;
  }

  /** The reliability diagram: all bins, ascending. */
  List<Bin> reliability() {
    var bins = new ArrayList<Bin>(BINS);
    for (int bin = 0; bin < BINS; bin++) {
      bins.add(
          new Bin(
              (double) bin / BINS,
              (bin + 1.0) / BINS,
              binRows[bin],
              binConfidence[bin] / binRows[bin],
              (double) binRight[bin] / binRows[bin]));
    }
    return bins;
  }

  /** Coverage by minimum confidence, ascending. */
  List<Coverage> coverage() {
    var coverage = new ArrayList<Coverage>(LEAST.length);
    for (int i = 0; i < LEAST.length; i++) {
      double share = rows == 0 ? 0 : (double) sureRows[i] / rows;
      coverage.add(new Coverage(LEAST[i], share, (double) sureRight[i] / sureRows[i]));
    }
    return coverage;
  }

  /** The figures that manifests keep. */
  JsonObject toJson() {
    return new JsonObject()
        .put("rows", rows)
        .put("answered", predicted)
        .put("accuracy", Shares.rounded(accuracy()))
        .put("top3", Shares.rounded(top3()))
        .put("ece", Shares.rounded(calibrationError()));
  }

  /** All figures. */
  JsonObject toFullJson() {
    var refused = new JsonObject();
    refusals.forEach((failure, count) -> refused.put(failure.slug(), count));
    return toJson()
        .put("refused", refused)
        .put("reliability", new JsonArray(reliability().stream().map(Bin::toJson).toList()))
        .put("coverage", new JsonArray(coverage().stream().map(Coverage::toJson).toList()));
  }
}
