package com.cpprediction.config;

/**
 * Traces.
 *
 * @param otlpEndpoint URL of their receiver; empty for none
 * @param sampleRatio share of the traces that begin here to record, 0..1
 */
public record TelemetryConfig(String otlpEndpoint, double sampleRatio) {
  /** Whether requests are traced. */
  public boolean traced() {
    return !otlpEndpoint.isEmpty();
  }
}
