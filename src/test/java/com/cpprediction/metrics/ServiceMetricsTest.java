package com.cpprediction.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.prediction.Prediction.Source;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class ServiceMetricsTest {
  @Test
  void countsUnregisteredRoutesAsOther() {
    var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    var metrics = metrics(registry);

    metrics.httpRequest("/predict", "POST", 200, 1_000_000);
    metrics.httpRequest("/predict", "POST", 418, 1_000_000);
    metrics.httpRequest("/made-up", "MADEUP", 200, 1_000_000);

    assertThat(registry.scrape())
        .contains(
            "cp_http_requests_seconds_count{method=\"POST\",route=\"/predict\",status=\"200\"} 1",
            "cp_http_requests_seconds_count{method=\"other\",route=\"other\",status=\"other\"} 2")
        .doesNotContain("status=\"418\"", "made-up", "MADEUP");
  }

  @Test
  void resolvesMicrosecondsOfCacheHits() {
    var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    metrics(registry).answered(Source.CACHE, 15_000);

    assertThat(registry.scrape())
        .contains(
            "cp_prediction_seconds_bucket{source=\"cache\",le=\"1.0E-5\"} 0",
            "cp_prediction_seconds_bucket{source=\"cache\",le=\"2.0E-5\"} 1");
  }

  @Test
  void distinguishesSmallDoubtsFromLargeOnes() {
    var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    var metrics = metrics(registry);

    for (double doubt : new double[] {0, 0.0005, 0.001, 0.3, 1}) metrics.pincodeDoubted(doubt);

    assertThat(registry.scrape())
        .contains(
            "cp_pincode_doubt_bucket{le=\"0.001\"} 3",
            "cp_pincode_doubt_bucket{le=\"0.25\"} 3",
            "cp_pincode_doubt_bucket{le=\"0.5\"} 4",
            "cp_pincode_doubt_bucket{le=\"0.99\"} 4",
            "cp_pincode_doubt_bucket{le=\"1.0\"} 5",
            "cp_pincode_doubt_bucket{le=\"+Inf\"} 5",
            "cp_pincode_doubt_sum 1.3");
  }

  @Test
  void recordsNothingWithMetricsOff() {
    var registry = new CompositeMeterRegistry();
    var metrics = metrics(registry);

    metrics.httpRequest("/predict", "POST", 200, 1_000_000);
    metrics.answered(Source.MODEL, 1_000_000);

    assertThat(metrics.on()).isFalse();
    assertThat(metrics.operations()).isEmpty();
    assertThat(registry.find("cp.prediction").timers())
        .isNotEmpty()
        .allMatch(timer -> timer.count() == 0);
    assertThat(registry.find("cp.predictions").counters())
        .isNotEmpty()
        .allMatch(counter -> counter.count() == 0);
  }

  @Test
  void showsWhetherTheCacheIsOn() {
    var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    var enabled = new AtomicBoolean(true);
    metrics(registry).cacheEnabled(enabled::get);

    assertThat(registry.scrape()).contains("cp_cache_enabled 1");
    enabled.set(false);
    assertThat(registry.scrape()).contains("cp_cache_enabled 0");
  }

  private static ServiceMetrics metrics(MeterRegistry registry) {
    var metrics = new ServiceMetrics(registry, "1");
    metrics.httpRoute("/predict", List.of("POST"), List.of(200, 400));
    return metrics;
  }
}
