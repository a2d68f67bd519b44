package com.cpprediction.chaos;

import static com.cpprediction.chaos.FaultProxy.Direction.DOWN;
import static com.cpprediction.chaos.FaultProxy.Direction.UP;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.PostgresProcess;
import io.vertx.core.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The four faults that every build goes through; the rest is in the {@code chaos} profile. */
class LedgerIT {
  private static final int CUTS = 10;
  private static final int BURST = 5;

  /** Short, so that the freeze outlasts them. */
  private static final JsonObject IMPATIENT =
      new JsonObject()
          .put("prediction", new JsonObject().put("timeout_ms", 1_000))
          .put("persistence", new JsonObject().put("statement_timeout_ms", 500));

  @RegisterExtension private static final PostgresProcess postgres = new PostgresProcess();

  @Test
  void nothingAcknowledgedIsLostWhenPostgresqlIsKilled() throws Exception {
    try (var trial = FaultTrial.begin(postgres)) {
      trial.calm();

      trial.faultBegins();
      postgres.kill();
      trial.client().awaitMore(100);
      postgres.start();

      trial.recover("PostgreSQL killed -9");
    }
  }

  @Test
  void nothingAcknowledgedIsLostWhenPostgresqlFreezes() throws Exception {
    try (var trial = FaultTrial.begin(postgres, IMPATIENT)) {
      trial.calm();

      trial.faultBegins();
      postgres.freeze();
      trial.client().awaitMore(2 * FaultTrial.RATE); // 2 s of them
      postgres.thaw();

      trial.recover("PostgreSQL frozen 2 s");
    }
  }

  @Test
  void nothingAcknowledgedIsLostWhenTheServiceIsKilled() throws Exception {
    try (var trial = FaultTrial.begin(postgres)) {
      trial.client().closedLoop(16);
      trial.client().awaitAnswered(500);

      trial.faultBegins();
      trial.service().kill();
      trial.service().start();

      trial.recover("service killed -9");
    }
  }

  @Test
  void nothingAcknowledgedIsLostWhenConnectionsBreakInsideABatch() throws Exception {
    try (var trial = FaultTrial.begin(postgres)) {
      var exchange = BatchExchange.measure(trial, BURST);

      trial.faultBegins();
      for (int i = 0; i < CUTS; i++) {
        var direction = i % 2 == 0 ? UP : DOWN;
        exchange.cut(direction, exchange.bytes(direction) * i / CUTS);
      }

      assertThat(trial.proxy().cuts()).isEqualTo(CUTS);
      trial.client().openLoop(FaultTrial.RATE);
      trial.recover(CUTS + " cuts");
    }
  }
}
