package com.cpprediction.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ComparisonBatch;
import com.cpprediction.config.ConfigLoader;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.testing.Await;
import com.cpprediction.training.SmallRelease;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(VertxExtension.class)
class ShadowReleaseTest {
  @TempDir private Path dir;
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  /** The journal takes a message that has timed out all the same. */
  @ParameterizedTest
  @CsvSource({"TIMEOUT, 0", "RECIPIENT_FAILURE, 1"})
  void dropsComparisonsThatTheJournalRefused(ReplyFailure failure, int dropped, Vertx vertx)
      throws Exception {
    var asked = new AtomicInteger();
    Bus.registerCodecs(vertx.eventBus());
    vertx
        .eventBus()
        .<ComparisonBatch>localConsumer(
            Bus.COMPARED,
            message -> {
              asked.addAndGet(message.body().comparisons().size());
              message.reply(new ReplyException(failure, "busy"));
            });
    var environment = Map.of("CP_MODELS_SHADOW_DIR", SmallRelease.directory().toString());
    var config = new ConfigLoader(dir.resolve("none.json"), false, environment).load().config();
    try (var served = SmallRelease.models(SmallRelease.directory())) {
      var shadow =
          new ShadowRelease(
              vertx,
              () -> config,
              Path::of,
              served,
              ServedReleases.of(dir.resolve("data"), SmallRelease.directory()),
              new ServiceMetrics(registry, "test"),
              Clock.systemUTC());
      shadow.reload();
      shadow.start();

      shadow.compare(
          ComparerTest.predicted(SmallRelease.rows().get(0)),
          served.current().release(),
          true,
          false);

      Await.until(() -> compared() == 1);
      shadow.stop();
    }
    assertThat(asked).hasValue(1);
    assertThat(registry.get("cp.shadow.rows").tag("outcome", "dropped").counter().count())
        .isEqualTo(dropped);
  }

  private double compared() {
    return registry.get("cp.shadow.comparisons").tag("result", "disagreed").counters().stream()
        .mapToDouble(counter -> counter.count())
        .sum();
  }
}
