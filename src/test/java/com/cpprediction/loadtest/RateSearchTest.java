package com.cpprediction.loadtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RateSearchTest {
  private final List<Double> measured = new ArrayList<>();

  @ParameterizedTest
  @ValueSource(doubles = {1, 7, 49, 50, 51, 400, 1_234, 99_000})
  void comesWithinFivePercentOfTheLimitAndNeverAboveIt(double limit) throws Exception {
    double found = RateSearch.highest(100_000, rate -> rate <= limit);

    assertThat(found).isLessThanOrEqualTo(limit).isGreaterThan(limit / 1.05 - 1);
  }

  @Test
  void endsAtTheHighestRateAllowed() throws Exception {
    double found = RateSearch.highest(120, this::within);

    assertThat(found).isEqualTo(120);
    assertThat(measured).containsExactly(50.0, 100.0, 120.0);
  }

  private boolean within(double rate) {
    measured.add(rate);
    return true;
  }

  @Test
  void measuresAFailedRateAgainBeforeItCounts() throws Exception {
    double found =
        RateSearch.highest(
            100,
            rate -> {
              measured.add(rate);
              return measured.size() != 2; // 100/s fails once
            });

    assertThat(found).isEqualTo(100);
    assertThat(measured).containsExactly(50.0, 100.0, 100.0);
  }

  @Test
  void findsNothingWhereEveryRateIsOutOfBounds() throws Exception {
    double found =
        RateSearch.highest(
            1_000,
            rate -> {
              measured.add(rate);
              return false;
            });

    assertThat(found).isZero();
    assertThat(measured).first().isEqualTo(50.0);
    assertThat(measured).last().isEqualTo(1.0);
  }
}
