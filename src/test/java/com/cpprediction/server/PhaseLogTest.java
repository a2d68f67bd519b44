package com.cpprediction.server;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.cpprediction.logging.CapturedLog;
import com.cpprediction.testing.Await;
import io.vertx.core.Promise;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

public class PhaseLogTest {
  private static final Logger LOGGER = (Logger) LoggerFactory.getLogger(PhaseLog.class);

  @BeforeAll
  static void listen() {
    LOGGER.setLevel(Level.INFO);
  }

  @AfterAll
  static void forget() {
    LOGGER.setLevel(null);
  }

  @Test
  void logsAPhaseThatTakesLongerThanExpectedWhileItRuns() throws Exception {
    try (var log = new CapturedLog();
        var phases = new PhaseLog(Duration.ZERO)) {
      var result =
          phases.run(
              "loading models",
              () -> {
                Await.until(() -> log.plain().toString(), all -> all.contains("loading models"));
                return 42;
              });
      assertThat(result).isEqualTo(42);

      var work = Promise.<String>promise();
      var done = phases.await("closing connections", work::future);
      Await.until(() -> log.plain().toString(), all -> all.contains("closing connections"));
      work.complete("closed");

      assertThat(done.await(60, SECONDS)).isEqualTo("closed");
      assertThat(log.plain()).hasSize(2);
    }
  }

  @Test
  void doesNotLogAPhaseThatEndsInTime() {
    try (var log = new CapturedLog();
        var phases = new PhaseLog(Duration.ofHours(1))) {
      phases.run("one", () -> 1);
      var failed = new IllegalStateException("broken");
      assertThatThrownBy(
              () ->
                  phases.await(
                      "two",
                      () -> {
                        throw failed;
                      }))
          .isSameAs(failed);

      assertThat(phases.waiting()).isZero();
      assertThat(log.plain()).isEmpty();
    }
  }

  @Test
  void letsAStartGoOnAfterTheLogIsClosed() {
    var phases = new PhaseLog(Duration.ofHours(1));
    phases.close();

    assertThat(phases.run("late", () -> 1)).isEqualTo(1);
  }
}
