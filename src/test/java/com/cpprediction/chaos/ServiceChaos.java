package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.PostgresProcess;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The service ends, by force or as it is told to; {@code -Dkills=200} times by force. */
@Tag("chaos")
class ServiceChaos {
  private static final int KILLS = Integer.getInteger("kills", 200);
  private static final int CALLERS = 16;
  private static final int MOST_ANSWERED = 400; // between two kills
  private static final long PHASE_NANOS = 20_000_000; // more than a batch takes
  private static final Duration PROMISED = Duration.ofSeconds(15);

  @RegisterExtension private static final PostgresProcess postgres = new PostgresProcess();

  @Test
  void killedAtRandomPointsUnderLoad() throws Exception {
    var random = new Random(Long.getLong("seed", 1));
    try (var trial = FaultTrial.begin(postgres)) {
      trial.client().closedLoop(CALLERS);
      trial.client().awaitAnswered(FaultTrial.CALM);

      trial.faultBegins();
      for (int i = 0; i < KILLS; i++) {
        trial.client().awaitAnswered(1 + random.nextInt(MOST_ANSWERED));
        LockSupport.parkNanos(random.nextLong(PHASE_NANOS));
        trial.service().kill();
        trial.service().start();
      }

      trial.recover("service killed -9, %d times".formatted(KILLS));
    }
  }

  @Test
  void killedWhilePostgresqlIsAway() throws Exception {
    try (var trial = FaultTrial.begin(postgres)) {
      trial.calm();

      trial.faultBegins();
      postgres.stopImmediately();
      trial.client().awaitMore(FaultTrial.RATE);
      trial.service().kill();
      trial.service().start();
      trial.client().awaitMore(FaultTrial.RATE);
      postgres.start();

      trial.recover("service killed -9, PostgreSQL away");
    }
  }

  @Test
  void terminatedUnderLoad() throws Exception {
    try (var trial = FaultTrial.begin(postgres)) {
      trial.client().closedLoop(CALLERS);
      trial.client().awaitAnswered(FaultTrial.CALM);

      trial.faultBegins();
      trial.service().terminate();
      assertThat(trial.service().ends(PROMISED)).isTrue();
      trial.service().start();

      trial.recover("SIGTERM under load");
    }
  }

  @Test
  void terminatedWhilePostgresqlIsFrozen() throws Exception {
    try (var trial = FaultTrial.begin(postgres)) {
      trial.calm();

      trial.faultBegins();
      postgres.freeze();
      trial.client().awaitMore(FaultTrial.RATE);
      trial.service().terminate();
      assertThat(trial.service().ends(PROMISED)).isTrue();
      postgres.thaw();
      trial.service().start();

      trial.recover("SIGTERM, PostgreSQL frozen");
    }
  }

  /** The one promise that is none: it shows, too, that a loss would be seen. */
  @Test
  void withoutAnyPromiseWhatWaitsIsLost() throws Exception {
    var none = new JsonObject().put("persistence", new JsonObject().put("ack", "none"));
    try (var trial = FaultTrial.begin(postgres, none)) {
      trial.calm();

      trial.faultBegins();
      postgres.freeze();
      trial.client().awaitAnswered(FaultTrial.RATE);
      trial.service().kill();
      postgres.thaw();
      trial.service().start();

      assertThat(trial.look("service killed -9, ack none").lost()).isNotEmpty();
    }
  }
}
