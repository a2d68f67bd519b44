package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimestampsTest {
  @ParameterizedTest
  @CsvSource({
    "2026-01-31, 2026-01-31T00:00:00Z",
    "2026-01-31T18:30, 2026-01-31T18:30:00Z",
    "2026-01-31 18:30:15, 2026-01-31T18:30:15Z",
    "2026-01-31t18:30:15.25z, 2026-01-31T18:30:15.250Z",
    "2026-02-01T00:00:00+05:30, 2026-01-31T18:30:00Z",
    "2026-02-01 00:00:00.123456 +0530, 2026-01-31T18:30:00.123456Z",
    "2026-01-31T18:30-05, 2026-01-31T23:30:00Z",
  })
  void readsDatesAndDateTimes(String text, Instant time) {
    assertThat(Timestamps.parse(text)).isEqualTo(time);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "31.01.2026",
        "2026-1-31",
        "2026-02-29",
        "2026-01-31T25:00",
        "2026-01-31T18:30+25:00",
        "20260131",
        "1769884200",
        "18:30",
        "2026-01-31T",
        "२०२६-०१-३१"
      })
  void othersAreNoTimes(String text) {
    assertThat(Timestamps.parse(text)).isNull();
  }
}
