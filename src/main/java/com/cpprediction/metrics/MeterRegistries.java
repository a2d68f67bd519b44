package com.cpprediction.metrics;

import com.cpprediction.tracing.Tracing;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.tracer.common.SpanContext;
import org.jspecify.annotations.Nullable;

/** Makes registries of meters. */
public final class MeterRegistries {
  private MeterRegistries() {}

  /**
   * A registry that Prometheus reads.
   *
   * @param traced whether histograms name a recent trace for each of their buckets (exemplars)
   */
  public static MeterRegistry prometheus(boolean traced) {
    return traced
        ? new PrometheusMeterRegistry(
            PrometheusConfig.DEFAULT, new PrometheusRegistry(), Clock.SYSTEM, new CurrentSpan())
        : new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  }

  /** The span of the request that the current Vert.x context serves. */
  private static final class CurrentSpan implements SpanContext {
    @Override
    public @Nullable String getCurrentTraceId() {
      return Tracing.currentTrace();
    }

    @Override
    public @Nullable String getCurrentSpanId() {
      return Tracing.currentSpan();
    }

    @Override
    public boolean isCurrentSpanSampled() {
      return Tracing.currentTrace() != null;
    }

    @Override
    public void markCurrentSpanAsExemplar() {}
  }
}
