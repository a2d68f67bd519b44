package com.cpprediction.ablation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.ablation.Interval.Verdict;
import com.cpprediction.ablation.Metric.Better;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IntervalTest {
  private static final double EXACT = 1e-9;

  @Test
  void threeRoundsGiveStudentsIntervalOverTheLogarithms() {
    // Logarithms ln 2, ln 4, ln 8: mean 2 ln 2, standard deviation ln 2, so half of the interval
    // is 4.303 ln 2 / √3.
    double half = 4.303 * Math.log(2) / Math.sqrt(3);

    var interval = Interval.of(List.of(2.0, 4.0, 8.0));

    assertThat(interval.ratio()).isCloseTo(4, within(EXACT));
    assertThat(interval.low()).isCloseTo(4 / Math.exp(half), within(EXACT));
    assertThat(interval.high()).isCloseTo(4 * Math.exp(half), within(EXACT));
    assertThat(interval.low()).isCloseTo(0.7148, within(1e-4)); // by hand
    assertThat(interval.high()).isCloseTo(22.384, within(1e-3));
  }

  @Test
  void equalRoundsHaveAnEmptyInterval() {
    var interval = Interval.of(List.of(1.5, 1.5));

    assertThat(interval.low()).isCloseTo(1.5, within(EXACT));
    assertThat(interval.high()).isCloseTo(1.5, within(EXACT));
    assertThat(interval.verdict(Better.MORE)).isEqualTo(Verdict.GAIN);
  }

  @Test
  void oneRoundHasNoInterval() {
    var interval = Interval.of(List.of(3.0));

    assertThat(interval.known()).isFalse();
    assertThat(interval.ratio()).isCloseTo(3, within(EXACT));
    assertThat(interval.verdict(Better.MORE)).isEqualTo(Verdict.UNKNOWN);
  }

  @Test
  void thereAreAsManyRoundsAsQuantiles() {
    assertThat(Interval.of(Collections.nCopies(Interval.MAX_ROUNDS, 2.0)).known()).isTrue();
    assertThatThrownBy(() -> Interval.of(Collections.nCopies(Interval.MAX_ROUNDS + 1, 2.0)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Interval.of(List.of())).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "1.2, 1.4, MORE, GAIN",
    "1.2, 1.4, LESS, COST",
    "0.6, 0.8, MORE, COST",
    "0.6, 0.8, LESS, GAIN",
    "0.9, 1.1, MORE, NONE",
    "0.9, 1.1, LESS, NONE",
    "1.0, 1.1, MORE, NONE",
    "0.9, 1.0, LESS, NONE",
    "1.2, 1.4, NEITHER, NONE"
  })
  void anIntervalWithoutOneIsAGainOrACost(double low, double high, Better better, Verdict verdict) {
    assertThat(new Interval((low + high) / 2, low, high).verdict(better)).isEqualTo(verdict);
  }

  @Test
  void theMeanOfRatesIsGeometric() {
    assertThat(Interval.geometricMean(List.of(1.0, 100.0))).isCloseTo(10, within(EXACT));
  }
}
