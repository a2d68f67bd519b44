package com.cpprediction.loadtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.vertx.core.json.JsonObject;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ServiceMetersTest {
  private static final String BEFORE =
      """
      # TYPE cp_http_requests_seconds summary
      cp_http_requests_seconds_count{method="POST",route="/predict",status="200"} 10
      cp_http_requests_seconds_count{method="POST",route="/predict",status="503"} 1
      cp_prediction_seconds_count{source="cache"} 4
      cp_prediction_seconds_count{source="model"} 6
      cp_inflight 3.0
      """;

  private static final String AFTER =
      """
      cp_http_requests_seconds_count{method="POST",route="/predict",status="200"} 110
      cp_http_requests_seconds_count{method="POST",route="/predict",status="503"} 1
      cp_http_requests_seconds_count{method="GET",route="/metrics",status="200"} 1
      cp_prediction_seconds_bucket{source="cache",le="0.001"} 40
      cp_prediction_seconds_bucket{source="cache",le="0.002"} 44
      cp_prediction_seconds_bucket{source="cache",le="+Inf"} 44
      cp_prediction_seconds_bucket{source="model",le="0.001"} 10
      cp_prediction_seconds_bucket{source="model",le="0.002"} 56
      cp_prediction_seconds_bucket{source="model",le="+Inf"} 56
      cp_prediction_seconds_count{source="cache"} 44
      cp_prediction_seconds_count{source="model"} 66
      cp_inflight 5.0
      """;

  private final ServiceMeters between = meters(AFTER).since(meters(BEFORE));

  @Test
  void countsRequestsAndPredictionsBetweenTwoScrapes() {
    assertThat(between.requests("/predict", false)).isEqualTo(100);
    assertThat(between.requests("/predict", true)).isEqualTo(100);
    assertThat(between.predictions()).isEqualTo(100);
    assertThat(between.hitRate()).isEqualTo(0.4);
  }

  @Test
  void interpolatesPercentilesOverAllSources() {
    assertThat(between.millis(50)).isCloseTo(1, within(1e-9)); // 50 of 100 within 1 ms
    assertThat(between.millis(75)).isCloseTo(1.5, within(1e-9));
    assertThat(between.millis(100)).isCloseTo(2, within(1e-9));
  }

  @Test
  void listsWhatChangedWithoutGaugesAndBuckets() {
    var json = between.json("/predict");

    assertThat(json.getJsonObject("requests")).isEqualTo(new JsonObject().put("200", 100));
    assertThat(json.getJsonObject("changed").fieldNames())
        .hasSize(4)
        .noneMatch(series -> series.contains("bucket") || series.contains("inflight"));
  }

  @Test
  void sumsSeveralServicesAndCountsARestartedOneFromZero() {
    var sum = meters(BEFORE).plus(meters(BEFORE));
    var restarted = meters(BEFORE).since(meters(AFTER));

    assertThat(sum.requests("/predict", false)).isEqualTo(22);
    assertThat(restarted.requests("/predict", true)).isEqualTo(10);
  }

  @Test
  void hasNoMetersOfAServiceWithoutMetrics() {
    assertThat(ServiceMeters.of("")).isNull();
  }

  private static ServiceMeters meters(String text) {
    return Objects.requireNonNull(ServiceMeters.of(text));
  }
}
