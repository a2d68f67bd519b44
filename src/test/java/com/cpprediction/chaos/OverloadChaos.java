package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.chaos.FaultProxy.Mode;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.PostgresProcess;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * More than the service can answer, and callers that hold it up. What comes out is printed; client,
 * service and PostgreSQL share the machine, so times are not asserted.
 */
@Tag("chaos")
class OverloadChaos {
  private static final int SECONDS = Integer.getInteger("overload.seconds", 60);
  private static final int FACTOR = Integer.getInteger("overload.factor", 10);
  private static final int CALLERS = 64;
  private static final int WAITING = 16;
  private static final int LATENCY_MILLIS = 20;
  private static final double GOAL = 0.9;
  private static final int SLOW = 1_000;
  private static final Duration MEASURED = Duration.ofSeconds(5);

  @RegisterExtension private static final PostgresProcess postgres = new PostgresProcess();

  /** What limits it is waiting, here for a slow commit: refusing then costs next to nothing. */
  @Test
  void tenTimesThePeak() throws Exception {
    var limited =
        new JsonObject()
            .put("prediction", new JsonObject().put("max_in_flight", WAITING))
            .put("persistence", new JsonObject().put("ack", FaultTrial.COMMIT));
    try (var trial = FaultTrial.begin(postgres, limited)) {
      trial.proxy().be(Mode.LATENCY, LATENCY_MILLIS);

      assertThat(overload(trial, WAITING)).isGreaterThan(GOAL);
    }
  }

  /** What limits it is the processor, which refusing and the client use as well. */
  @Test
  void tenTimesWhatTheProcessorDoes() throws Exception {
    var costly =
        new JsonObject()
            .put("prediction", new JsonObject().put("max_in_flight", CALLERS).put("workers", 1))
            .put("models", new JsonObject().put("engine", "xgboost"))
            .put("cache", new JsonObject().put("enabled", false));
    try (var trial = FaultTrial.begin(postgres, costly)) {
      overload(trial, CALLERS / 2);
    }
  }

  /** The share of the peak that is left at {@link #FACTOR} times as many requests. */
  private static double overload(FaultTrial trial, int callers) throws Exception {
    trial.client().closedLoop(callers);
    trial.client().awaitAnswered(FaultTrial.CALM);
    trial.client().forgetLatencies();
    double peak = goodput(trial, MEASURED);
    trial.client().finish();

    trial.faultBegins();
    trial.client().openLoop((int) (FACTOR * peak));
    double during = goodput(trial, Duration.ofSeconds(SECONDS));
    trial.client().finish();
    trial.faultEnds();
    trial.client().closedLoop(callers);
    double after = goodput(trial, MEASURED);

    System.out.printf(
        "goodput: %.0f/s at the peak, %.0f/s at %d times as many, %.0f/s afterwards%n",
        peak, during, FACTOR, after);
    trial.settle("%d times the peak for %d s".formatted(FACTOR, SECONDS));
    return during / peak;
  }

  private static double goodput(FaultTrial trial, Duration time) {
    long before = trial.client().answered();
    long begin = System.nanoTime();
    Await.elapse(time);
    return (trial.client().answered() - before) * 1e9 / (System.nanoTime() - begin);
  }

  @Test
  void aThousandSlowConnections() throws Exception {
    try (var trial = FaultTrial.begin(postgres);
        var slow = new SlowCallers(trial.service().port(), SLOW)) {
      trial.calm();

      trial.faultBegins();
      slow.begin();
      trial.client().awaitMore(20L * FaultTrial.RATE);
      System.out.printf(
          "slow connections: %d, closed by the service: %d%n", SLOW, slow.closedByServer());
      slow.close();

      var verdict = trial.recover(SLOW + " slow connections");
      assertThat(verdict.unanswered()).isEmpty();
    }
  }
}
