package com.cpprediction.config;

import java.time.Duration;
import java.util.stream.DoubleStream;

/** Scoring. */
public record PredictionConfig(
    int workers, int maxInFlight, Duration timeout, double pincodeTrust, double minTextConfidence) {
  /** Every value that {@code pincode_trust} can have, in ascending order. */
  public static DoubleStream pincodeTrusts() {
    return ConfigSchema.key("prediction.pincode_trust").steps();
  }
}
