package com.cpprediction.config;

import java.time.Duration;

/**
 * @param workers instances of the scoring verticle, each on a worker thread of its own, 1..64;
 *     restart; JSON: {@code prediction.workers}
 * @param maxInFlight shipments being scored or waiting for it at most, 1..1,000,000; more are
 *     refused as {@code overloaded}; hot; JSON: {@code prediction.max_in_flight}
 * @param timeout longest a request may take, 10..60,000 ms; hot; JSON: {@code
 *     prediction.timeout_ms}
 * @param pincodeTrust added to the ranker's score of the CPs that own the given pincode, 0..10 in
 *     steps of 0.01, so that {@code replay} can try them all; hot; JSON: {@code
 *     prediction.pincode_trust}
 * @param minTextConfidence confidence below which an address without a pincode is not answered,
 *     0..1; hot; JSON: {@code prediction.min_text_confidence}
 */
public record PredictionConfig(
    int workers, int maxInFlight, Duration timeout, double pincodeTrust, double minTextConfidence) {
  /** Steps of {@code pincode_trust} in 1. */
  public static final int TRUST_STEPS = 100;

  /** The greatest {@code pincode_trust}. */
  public static final int MAX_TRUST = 10;

  static final PredictionConfig DEFAULT =
      new PredictionConfig(4, 2_000, Duration.ofSeconds(5), 1.4, 0.5);

  public PredictionConfig {
    Check.range("prediction.workers", workers, 1, 64);
    Check.range("prediction.max_in_flight", maxInFlight, 1, 1_000_000);
    Check.range("prediction.timeout_ms", timeout.toMillis(), 10, 60_000);
    Check.steps("prediction.pincode_trust", pincodeTrust, MAX_TRUST, TRUST_STEPS);
    Check.range("prediction.min_text_confidence", minTextConfidence, 0, 1);
  }
}
