package com.cpprediction.ablation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MeasurementTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "10 | 0 | 10 | 0 | ",
        "10 | 0 | 7 | 3 | ",
        "10 | 0 | 10 | 3 | ", // stored just before the end, still in the journal
        "10 | 2 | 12 | 0 | ",
        "10 | 0 | 9 | 0 | 10 predictions were answered, 9 are stored and 0 wait in the journal",
        "10 | 0 | 11 | 0 | 10 predictions were answered, 11 are stored and 0 wait in the journal",
        "10 | 2 | 13 | 0 | 10 predictions were answered, 2 more at most, 13 are stored and 0 wait in"
            + " the journal"
      })
  void everyPredictionIsOneRow(
      long predicted, long uncertain, long stored, long left, String problem) {
    assertThat(Measurement.rowProblem(predicted, uncertain, stored, left))
        .isEqualTo(problem == null ? "" : problem);
  }

  @Test
  void aBusyLoadGeneratorIsDoubted() {
    assertThat(Measurement.generatorDoubt(0.8)).isEmpty();
    assertThat(Measurement.generatorDoubt(0.96))
        .hasValueSatisfying(
            doubt -> assertThat(doubt).startsWith("the load generator used 0.96 cores"));
  }
}
