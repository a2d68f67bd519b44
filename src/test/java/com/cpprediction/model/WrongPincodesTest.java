package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WrongPincodesTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final double RIGHT = 1e-3; // how much likelier wrong than right
  private static final double WRONG = 1e3;

  private final AtomicLong nanos = new AtomicLong();
  private volatile OptionalDouble configured = OptionalDouble.empty();
  private final WrongPincodes share =
      new WrongPincodes(() -> configured, Clock.fixed(NOW, ZoneOffset.UTC), nanos::get);

  @Test
  void startsAtThePrior() {
    assertThat(share.share()).isEqualTo(0.01);
    assertThat(share.toJson().getDouble("before")).isNull();
    assertThat(share.toJson().getString("moved_at")).isNull();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.002, 0.02, 0.05, 0.1, 0.25, 0.4})
  void findsTheShareOfMadeUpTraffic(double truth) {
    observe(20_000, truth, 1);

    assertThat(share.share()).isEqualTo(truth);
    assertThat(share.toJson().getDouble("estimate")).isCloseTo(truth, within(truth * 0.25 + 0.001));
    assertThat(share.toJson().getInteger("observed")).isEqualTo(5_000);
  }

  @Test
  void movesByOneValueAtATimeAndSaysFromWhat() {
    observe(500, 1, 1);

    assertThat(share.share()).isEqualTo(0.02);
    assertThat(share.toJson().getDouble("before")).isEqualTo(0.01);
    assertThat(share.toJson().getString("moved_at")).isEqualTo(NOW.toString());

    observe(500, 1, 1);

    assertThat(share.share()).isEqualTo(0.03);
    assertThat(share.toJson().getDouble("before")).isEqualTo(0.02);
  }

  @Test
  void estimatesAfterAMinuteThoughFewCame() {
    observe(100, 1, 1);
    assertThat(share.share()).isEqualTo(0.01);

    nanos.addAndGet(TimeUnit.MINUTES.toNanos(1));
    observe(1, 1, 1);

    assertThat(share.share()).isEqualTo(0.02);
  }

  @Test
  void staysUntilTheEstimateIsNearTheNextValue() {
    observe(20_000, 0.05, 1);
    var estimates = new double[] {0.045, 0.055, 0.06};
    for (double truth : estimates) observe(5_000, truth, 2);

    assertThat(share.share()).isEqualTo(0.05);
  }

  @Test
  void theConfiguredShareWinsAtOnce() {
    configured = OptionalDouble.of(0.123);

    assertThat(share.share()).isEqualTo(0.123);
    assertThat(share.toJson().getString("source")).isEqualTo("configured");
  }

  @Test
  void predictionsWithoutAPincodeTellNothing() {
    for (int i = 0; i < 2_000; i++) share.observe(Double.NaN);

    assertThat(share.toJson().getInteger("observed")).isZero();
    assertThat(share.share()).isEqualTo(0.01);
  }

  @Test
  void impossibleAndCertainPincodesAreFinite() {
    for (int i = 0; i < 5_000; i++) share.observe(i % 10 == 0 ? Double.POSITIVE_INFINITY : 0);

    assertThat(share.toJson().getDouble("estimate")).isCloseTo(0.095, within(0.002));
  }

  @Test
  void estimatesAWholeFileAsItsTraffic() {
    var random = new Random(3);
    var odds = new double[4_000];
    Arrays.setAll(odds, i -> random.nextDouble() < 0.25 ? WRONG : RIGHT);
    odds[7] = Double.NaN;

    assertThat(WrongPincodes.estimate(odds)).isEqualTo(0.25);
    assertThat(WrongPincodes.estimate(new double[0])).isEqualTo(0.01);
  }

  /** Predictions of which a share has a wrong pincode, evenly spread. */
  private void observe(int count, double truth, int seed) {
    var random = new Random(seed);
    double due = 0;
    for (int i = 0; i < count; i++) {
      due += truth;
      boolean wrong = due >= 1;
      if (wrong) due--;
      share.observe((wrong ? WRONG : RIGHT) * (0.5 + random.nextDouble()));
    }
  }
}
