package com.cpprediction.config;

import java.time.Duration;

/**
 * The meters.
 *
 * @param prometheusUrl base of a Prometheus that has the history of the nodes; empty for none
 * @param prometheusJob its name of the nodes
 */
public record MetricsConfig(boolean enabled, String prometheusUrl, String prometheusJob) {
  /** Longest wait for Prometheus, before PostgreSQL is asked instead. */
  public static final Duration PROMETHEUS_TIMEOUT = Duration.ofSeconds(5);

  /** Whether a Prometheus has the history. */
  public boolean hasPrometheus() {
    return !prometheusUrl.isEmpty();
  }
}
