package com.cpprediction.chaos;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.PostgresProcess;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** PostgreSQL is away for a minute while predictions come fast. */
@Tag("chaos")
class OutageChaos {
  private static final int SECONDS = Integer.getInteger("outage.seconds", 60);
  private static final int RATE = Integer.getInteger("outage.rate", 2_000);

  @RegisterExtension private final PostgresProcess postgres = new PostgresProcess();

  @Test
  void awayForAMinute() throws Exception {
    try (var trial = FaultTrial.begin(postgres)) {
      trial.client().openLoop(RATE);
      trial.client().awaitMore(10L * RATE); // until the JVM is warm at this rate
      trial.client().forgetLatencies();
      trial.client().awaitMore(5L * RATE);

      trial.faultBegins();
      postgres.stopFast();
      Await.elapse(Duration.ofSeconds(SECONDS));
      postgres.start();

      trial.recoverUnhurt("PostgreSQL away %d s at %d/s".formatted(SECONDS, RATE));
    }
  }
}
