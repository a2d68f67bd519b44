package com.cpprediction.serving;

import java.time.Duration;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * Limits the refusals that this node keeps, so that a caller of unusable addresses doesn't fill the
 * disk: a token bucket that holds those of an hour, and refills as fast as that. Thread-safe.
 */
public final class RefusalBudget {
  private static final double HOUR = Duration.ofHours(1).toNanos();

  private final IntSupplier perHour;
  private final LongSupplier nanoTime;
  private double used; // of the bucket
  private long last;

  /**
   * @param perHour {@code review.refusals_per_hour}, read at each use
   * @param nanoTime as {@link System#nanoTime}
   */
  public RefusalBudget(IntSupplier perHour, LongSupplier nanoTime) {
    this.perHour = perHour;
    this.nanoTime = nanoTime;
    last = nanoTime.getAsLong();
  }

  /**
   * Takes room for {@code wanted} refusals.
   *
   * @return as many as there is room for
   */
  synchronized int take(int wanted) {
    int limit = perHour.getAsInt();
    long now = nanoTime.getAsLong();
    used = Math.max(0, used - (now - last) * (limit / HOUR));
    last = now;
    int taken = (int) Math.max(0, Math.min(wanted, limit - used));
    used += taken;
    return taken;
  }
}
