package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.chaos.FaultProxy.Direction;
import com.cpprediction.testing.PostgresProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The connection breaks after n bytes of storing a few predictions, for every n of the exchange, so
 * at every boundary between its messages too; {@code -Dcut.step=10} takes every tenth.
 */
@Tag("chaos")
class CutChaos {
  private static final int STEP = Integer.getInteger("cut.step", 1);
  private static final int BURST = 3;

  @RegisterExtension private static final PostgresProcess postgres = new PostgresProcess();

  @ParameterizedTest
  @EnumSource(Direction.class)
  void afterEveryByte(Direction direction) throws Exception {
    try (var trial = FaultTrial.begin(postgres)) {
      var exchange = BatchExchange.measure(trial, BURST);
      int cuts = 0;

      trial.faultBegins();
      for (long n = 0; n <= exchange.bytes(direction); n += STEP, cuts++) {
        exchange.cut(direction, n);
      }

      assertThat(trial.proxy().cuts()).isEqualTo(cuts);
      trial.client().openLoop(FaultTrial.RATE);
      trial.recoverUnhurt("%d cuts, %s".formatted(cuts, direction));
    }
  }
}
