package com.cpprediction.ablation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrialTest {
  @ParameterizedTest
  @CsvSource(
      nullValues = "none",
      value = {
        "100, 0, 100, none",
        "100, 0, 99, 100 predictions were answered and 99 are kept",
        "100, 0, 101, 100 predictions were answered and 101 are kept",
        "100, 3, 100, none",
        "100, 3, 103, none",
        "100, 3, 104, '100 predictions were answered, 3 more at most, and 104 are kept'",
        "100, 3, 99, '100 predictions were answered, 3 more at most, and 99 are kept'"
      })
  void everyAnswerIsOneRow(long answered, long uncertain, long kept, String problem) {
    assertThat(Trial.booksProblem(answered, uncertain, kept))
        .isEqualTo(problem == null ? "" : problem);
  }

  @Test
  void aBusyLoadGeneratorIsDoubted() {
    assertThat(Trial.generatorDoubt(0.8)).isEmpty();
    assertThat(Trial.generatorDoubt(0.96))
        .hasValueSatisfying(
            doubt -> assertThat(doubt).startsWith("the load generator used 0.96 cores"));
  }
}
