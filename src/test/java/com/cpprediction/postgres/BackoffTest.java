package com.cpprediction.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class BackoffTest {
  @Test
  void doublesUpToFiveSecondsWithJitter() {
    var backoff = new Backoff(new Random(1));

    long[] waits = LongStream.range(0, 9).map(i -> backoff.after(SqlFailure.TRANSIENT)).toArray();

    long[] longest = {100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000};
    for (int i = 0; i < waits.length; i++) {
      assertThat(waits[i]).isBetween(longest[i] / 2, longest[i]);
    }
  }

  @Test
  void resetsAfterSuccess() {
    var backoff = new Backoff(new Random(1));
    for (int i = 0; i < 9; i++) backoff.after(SqlFailure.TRANSIENT);

    backoff.reset();

    assertThat(backoff.after(SqlFailure.TRANSIENT)).isLessThanOrEqualTo(100);
  }

  @Test
  void retriesAPermanentFailureOnceASecond() {
    var backoff = new Backoff(new Random(1));

    assertThat(backoff.after(SqlFailure.PERMANENT)).isEqualTo(1_000);
    assertThat(backoff.after(SqlFailure.PERMANENT)).isEqualTo(1_000);
  }
}
