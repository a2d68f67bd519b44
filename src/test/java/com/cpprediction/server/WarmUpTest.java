package com.cpprediction.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.Engine;
import com.cpprediction.model.ModelStore;
import com.cpprediction.testing.Await;
import com.cpprediction.training.SmallRelease;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WarmUpTest {
  private static final Duration LONG = Duration.ofMinutes(1);

  @Test
  void servesGoldenAddressesOverAndOverUntilItIsStopped() throws Exception {
    try (var models = store(SmallRelease.directory())) {
      models.reload();
      int golden = models.goldenAddresses().size();
      var asked = new AtomicInteger();

      var served =
          new WarmUp(ServiceConfig.defaults(), models)
              .run(LONG, () -> asked.incrementAndGet() > 3 * golden);

      assertThat(golden).isPositive();
      assertThat(served.requests()).isEqualTo(3 * golden);
      assertThat(served.refused()).isZero();
      Await.until("the leases are closed", () -> models.leases() == 0);
    }
  }

  @Test
  void endsWithItsTime() {
    try (var models = store(SmallRelease.directory())) {
      models.reload();

      var served =
          new WarmUp(ServiceConfig.defaults(), models).run(Duration.ofNanos(1), () -> false);

      assertThat(served.requests()).isZero();
    }
  }

  @Test
  void servesEnoughRequestsOnABusyMachineButNotForever() {
    var limit = Duration.ofMillis(500);

    assertThat(WarmUp.goesOn(499_000_000, limit, 100_000)).isTrue();
    assertThat(WarmUp.goesOn(500_000_000, limit, WarmUp.ENOUGH)).isFalse();
    assertThat(WarmUp.goesOn(500_000_000, limit, WarmUp.ENOUGH - 1)).isTrue();
    assertThat(WarmUp.goesOn(2_000_000_000, limit, 0)).isFalse();
  }

  @Test
  void servesNothingWithoutModels(@TempDir Path empty) {
    try (var models = store(empty)) {
      assertThat(new WarmUp(ServiceConfig.defaults(), models).run(LONG, () -> false))
          .isEqualTo(WarmUp.Served.NONE);
    }
  }

  private static ModelStore store(Path directory) {
    var metrics = new ServiceMetrics(new SimpleMeterRegistry(), "test");
    return new ModelStore(directory, Engine.MAPPED, false, metrics, Clock.systemUTC());
  }
}
