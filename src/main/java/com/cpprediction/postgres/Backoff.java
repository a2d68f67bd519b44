package com.cpprediction.postgres;

import java.util.Random;

/** How long to wait before the next try: doubling, capped, and jittered so that nodes spread. */
public final class Backoff {
  private static final long FIRST_MILLIS = 100;
  private static final long LONGEST_MILLIS = 5_000;

  /** What a person has to mend is tried once a second. */
  private static final long PERMANENT_MILLIS = 1_000;

  private final Random random;
  private long next = FIRST_MILLIS;

  public Backoff(Random random) {
    this.random = random;
  }

  /** Milliseconds to wait after {@code sqlFailure}: half of it certain, half by chance. */
  public long after(SqlFailure sqlFailure) {
    if (sqlFailure == SqlFailure.PERMANENT) return PERMANENT_MILLIS;
    long longest = next;
    next = Math.min(2 * next, LONGEST_MILLIS);
    return longest / 2 + random.nextLong(longest / 2 + 1);
  }

  public void reset() {
    next = FIRST_MILLIS;
  }
}
