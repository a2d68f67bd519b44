package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.chaos.FaultProxy.Direction;
import com.cpprediction.testing.Await;
import java.util.EnumMap;
import java.util.Map;

/** The bytes that storing one burst of predictions takes, and a break at any of them. */
final class BatchExchange {
  private static final int REPEATS = 5;

  private final FaultTrial trial;
  private final int burst;
  private final Map<Direction, Long> bytes = new EnumMap<>(Direction.class);

  private BatchExchange(FaultTrial trial, int burst) {
    this.trial = trial;
    this.burst = burst;
  }

  /** Counts on a quiet service what a burst takes: the most of a few, as batches differ. */
  static BatchExchange measure(FaultTrial trial, int burst) throws Exception {
    var exchange = new BatchExchange(trial, burst);
    for (int i = 0; i < REPEATS; i++) exchange.measureOnce();
    return exchange;
  }

  private void measureOnce() throws Exception {
    long up = trial.proxy().passed(Direction.UP);
    long down = trial.proxy().passed(Direction.DOWN);
    trial.client().burst(burst);
    Await.until("all is stored", () -> trial.service().waiting() == 0);
    bytes.merge(Direction.UP, trial.proxy().passed(Direction.UP) - up, Long::max);
    bytes.merge(Direction.DOWN, trial.proxy().passed(Direction.DOWN) - down, Long::max);
  }

  long bytes(Direction direction) {
    return bytes.get(direction);
  }

  /** Breaks the connection after so many bytes of the next bursts, and waits for the recovery. */
  void cut(Direction direction, long after) throws Exception {
    var proxy = trial.proxy();
    int before = proxy.cuts();
    proxy.cutAfter(after, direction);
    for (int bursts = 0; proxy.cuts() == before; bursts++) {
      assertThat(bursts).as("bursts, of which batches differ, without a cut").isLessThan(REPEATS);
      trial.client().burst(burst);
      Await.until(
          "the connection broke or all is stored",
          () -> proxy.cuts() > before || trial.service().waiting() == 0);
    }
    Await.until("the service is well again", this::well);
  }

  private boolean well() throws Exception {
    return trial.service().ready() && trial.service().waiting() == 0;
  }
}
