package com.cpprediction.postgres;

import java.util.Random;

/** Delays between retries: exponential, capped, jittered so that nodes don't retry together. */
public final class Backoff {
  private static final long FIRST_MILLIS = 100;
  private static final long LONGEST_MILLIS = 5_000;

  /** Fixed delay for failures that an operator has to correct. */
  private static final long PERMANENT_MILLIS = 1_000;

  private final Random random;
  private long interval = FIRST_MILLIS;

  public Backoff(Random random) {
    this.random = random;
  }

  /** Milliseconds to wait after {@code failure}: half fixed, half random. */
  public long after(SqlFailure failure) {
    if (failure == SqlFailure.PERMANENT) return PERMANENT_MILLIS;
    long longest = interval;
    interval = Math.min(2 * interval, LONGEST_MILLIS);
    return longest / 2 + random.nextLong(longest / 2 + 1);
  }

  public void reset() {
    interval = FIRST_MILLIS;
  }
}
