package com.cpprediction.loadtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConditionTest {
  /** 1 to 1,000 ms, one request each, of 2,000 in 10 s; a hundred failed. */
  private static Step step(int answered) {
    var latency = new Histogram(3);
    for (int ms = 1; ms <= answered; ms++) latency.recordValue(ms * 1_000L);
    return new Step(
        "s",
        200,
        "/predict",
        1,
        2_000,
        2_000,
        answered,
        0,
        answered,
        0,
        0,
        0,
        0,
        Map.of("503 overloaded", 100L),
        10,
        10,
        latency,
        latency,
        new Histogram(3),
        new Histogram(3),
        new Series(),
        null);
  }

  @ParameterizedTest
  @CsvSource({
    "p50>490ms, true",
    "p50>510ms, false",
    "p90<=0.91s, true",
    "p99>=989000us, true",
    "p99 < 980 ms, false",
    "p99.9>=999ms, true",
    "max>1000.5ms, false",
    "error-rate>4.9%, true",
    "error-rate>0.05, false",
    "error-rate>=0.05, true",
    "rate<100, false",
    "rate<100.5/s, true"
  })
  void comparesAFigureWithItsBound(String text, boolean holds) {
    assertThat(Condition.parse(text).holds(step(1_000))).isEqualTo(holds);
  }

  @Test
  void describesTheFigureAndKeepsItsText() {
    var condition = Condition.parse(" error-rate>4% ");

    assertThat(condition).hasToString("error-rate>4%");
    assertThat(condition.describe(step(1_000))).isEqualTo("error-rate is 5.00 %");
  }

  @Test
  void aStepWithoutResponsesIsSlowerThanAnyBound() {
    assertThat(Condition.parse("p99>1000s").holds(step(0))).isTrue();
    assertThat(Condition.parse("p99<1000s").holds(step(0))).isFalse();
  }
}
