package com.cpprediction.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RefusalBudgetTest {
  private int perHour = 3_600;
  private long nanos;
  private final RefusalBudget budget = new RefusalBudget(() -> perHour, () -> nanos);

  @Test
  void givesThoseOfAnHourAtOnceAndThenAsTimePasses() {
    assertThat(budget.take(1_000)).isEqualTo(1_000);
    assertThat(budget.take(5_000)).isEqualTo(2_600);
    assertThat(budget.take(1)).isZero();

    nanos += Duration.ofSeconds(10).toNanos();
    assertThat(budget.take(50)).isEqualTo(10);

    nanos += Duration.ofDays(2).toNanos();
    assertThat(budget.take(5_000)).as("no more than an hour is saved").isEqualTo(3_600);
  }

  @Test
  void takesOverANewLimit() {
    perHour = 0;
    assertThat(budget.take(1)).isZero();

    perHour = 7;
    assertThat(budget.take(9)).isEqualTo(7);
  }
}
