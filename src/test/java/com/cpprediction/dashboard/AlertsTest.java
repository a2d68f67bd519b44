package com.cpprediction.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.serving.HealthCheck;
import com.cpprediction.serving.HealthReport;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AlertsTest {
  private final ServiceMetrics metrics =
      new ServiceMetrics(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT), "test");
  private final JsonObject persistence = new JsonObject();
  private final JsonObject database = new JsonObject().put("status", "up");
  private Instant now = Instant.parse("2026-11-29T03:00:00Z");
  private Optional<Instant> expiry = Optional.empty();
  private boolean modelsReady = true;
  private Alerts alerts;

  @BeforeEach
  void create() {
    metrics.lastReload(ServiceMetrics.Reload.MODELS, () -> true);
    var checks =
        List.of(
            new HealthCheck("models", () -> modelsReady, JsonObject::new),
            new HealthCheck("persistence", () -> true, () -> persistence),
            new HealthCheck("database", () -> true, () -> database));
    InstantSource source = () -> now;
    alerts =
        new Alerts(
            new HealthReport(checks, () -> false),
            metrics,
            () -> expiry,
            source.withZone(ZoneOffset.UTC));
    assertThat(firing()).isEmpty();
  }

  @Test
  void firesOnceAConditionHasHeldAndEndsWithIt() {
    database.put("status", "down");
    assertThat(firing()).isEmpty();
    now = now.plusSeconds(59);
    assertThat(firing()).isEmpty();
    now = now.plusSeconds(1);

    assertThat(firing()).containsExactly("database-down");
    assertThat(alerts.firing().getJsonObject(0).getString("since"))
        .isEqualTo("2026-11-29T03:00:00Z");
    database.put("status", "up");
    assertThat(firing()).isEmpty();
  }

  @Test
  void tellsAFullJournalWaitingAndLostRowsAndAnOldCertificate() {
    persistence
        .put("journal", new JsonObject().put("bytes", 51).put("max_bytes", 100))
        .put("oldest_seconds", 61.0)
        .put("dropped", 3);
    expiry = Optional.of(now.plus(Duration.ofDays(13)));
    firing();
    now = now.plusSeconds(30);

    assertThat(firing())
        .containsExactly("journal-half-full", "rows-wait", "rows-lost", "certificate");
    assertThat(alerts.firing().encode()).contains("51 % full", "expires in 12 days");
    now = now.plus(Duration.ofMinutes(6));
    firing();
    assertThat(firing()).doesNotContain("rows-lost");
  }

  @Test
  void tellsFailuresAndSlownessOfTheLastMinutesOnly() {
    for (int minute = 0; minute < 6; minute++) {
      for (int i = 0; i < 100; i++) metrics.answered(Source.MODEL, i < 2 ? 200_000_000 : 1_000_000);
      for (int i = 0; i < 2; i++) {
        metrics.failures().add(Failure.OVERLOADED, 503, "r", "/predict", "", null);
        metrics.failures().add(Failure.MALFORMED_REQUEST, 400, "r", "/predict", "", null);
      }
      now = now.plusSeconds(60);
      firing();
    }
    assertThat(firing()).containsExactly("failures", "slow");

    for (int minute = 0; minute < 7; minute++) {
      for (int i = 0; i < 100; i++) metrics.answered(Source.MODEL, 1_000_000);
      now = now.plusSeconds(60);
      firing();
    }
    assertThat(firing()).isEmpty();
  }

  @Test
  void tellsThatACanaryIsStoppedUntilItsShareIsGone() {
    var stopped = new AtomicBoolean(true);
    metrics.canaryHalted(stopped::get);
    assertThat(firing()).isEmpty();
    now = now.plusSeconds(60);

    assertThat(firing()).containsExactly("canary-stopped");
    stopped.set(false);
    assertThat(firing()).isEmpty();
  }

  @Test
  void putsCriticalAlertsFirst() {
    modelsReady = false;
    persistence.put("journal", new JsonObject().put("bytes", 99).put("max_bytes", 100));
    firing();
    now = now.plusSeconds(60);

    assertThat(firing()).containsExactly("no-models", "journal-half-full");
  }

  private List<String> firing() {
    alerts.evaluate();
    return alerts.firing().stream().map(alert -> ((JsonObject) alert).getString("name")).toList();
  }
}
