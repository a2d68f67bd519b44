package com.cpprediction.loadtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ArrivalsTest {
  private static final Duration TEN = Duration.ofSeconds(10);

  @Test
  void constantArrivalsAreDueAtEvenIntervals() {
    var times = all(Arrivals.CONSTANT.schedule(4, Duration.ofSeconds(1), 1));

    assertThat(times).containsExactly(0L, 250_000_000L, 500_000_000L, 750_000_000L);
  }

  @Test
  void aSlowRateHasOneRequest() {
    assertThat(all(Arrivals.CONSTANT.schedule(0.1, Duration.ofSeconds(1), 1))).containsExactly(0L);
  }

  @Test
  void poissonArrivalsRepeatForASeedAndStayWithinTheStep() {
    var times = all(Arrivals.POISSON.schedule(1_000, TEN, 7));

    assertThat(times).isEqualTo(all(Arrivals.POISSON.schedule(1_000, TEN, 7))).isSorted();
    assertThat(times).isNotEqualTo(all(Arrivals.POISSON.schedule(1_000, TEN, 8)));
    assertThat(times).allMatch(at -> at >= 0 && at < TEN.toNanos());
  }

  /** Of exponentially distributed intervals, the standard deviation equals the mean. */
  @Test
  void poissonIntervalsAreExponentiallyDistributed() {
    var times = all(Arrivals.POISSON.schedule(1_000, TEN, 7));

    var intervals =
        IntStream.range(1, times.size()).mapToObj(i -> times.get(i) - times.get(i - 1)).toList();
    double mean = intervals.stream().mapToLong(i -> i).average().orElseThrow();
    double variance =
        intervals.stream().mapToDouble(i -> (i - mean) * (i - mean)).average().orElseThrow();
    assertThat(mean).isCloseTo(1e6, within(0.03e6));
    assertThat(Math.sqrt(variance) / mean).isCloseTo(1, within(0.05));
  }

  private static List<Long> all(LongSupplier schedule) {
    return LongStream.generate(schedule).takeWhile(at -> at != Arrivals.NONE).boxed().toList();
  }
}
