package com.cpprediction.auth;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Shipments of one caller on this node: those in flight, and a token bucket that holds a second's
 * worth of its rate, kept as the time when the bucket is full again (generic cell rate algorithm,
 * ITU-T I.371). Outlasts changes of the limits. Thread-safe and without locks.
 */
final class CallerUsage {
  private static final double SECOND = TimeUnit.SECONDS.toNanos(1);

  private final LongSupplier nanoTime;
  private final AtomicLong full;
  private final AtomicInteger inFlight = new AtomicInteger();

  CallerUsage(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    full = new AtomicLong(nanoTime.getAsLong());
  }

  /**
   * Takes {@code count} shipments from the bucket. More than it can hold are taken from a full
   * bucket, which is then empty for longer.
   *
   * @param rate shipments a second
   * @return zero, or nanoseconds until they could be taken
   */
  long take(int count, double rate) {
    double interval = SECOND / rate;
    long capacity = (long) Math.max(SECOND, interval);
    long cost = (long) (count * interval);
    long needed = Math.min(cost, capacity);
    while (true) {
      long now = nanoTime.getAsLong();
      long before = full.get();
      long missing = Math.max(0, before - now); // nanoseconds' worth
      long wait = missing + needed - capacity;
      if (wait > 0) return wait;
      if (full.compareAndSet(before, now + missing + cost)) return 0;
    }
  }

  /** Takes as many of {@code wanted} shipments as the bucket holds. */
  int takeSome(int wanted, double rate) {
    double interval = SECOND / rate;
    double capacity = Math.max(SECOND, interval);
    while (true) {
      long now = nanoTime.getAsLong();
      long before = full.get();
      long missing = Math.max(0, before - now);
      int count = (int) Math.max(0, Math.min(wanted, (capacity - missing) / interval));
      if (count == 0) return 0;
      if (full.compareAndSet(before, now + missing + (long) (count * interval))) return count;
    }
  }

  /** Nanoseconds until one shipment could be taken. */
  long untilNext(double rate) {
    double interval = SECOND / rate;
    long missing = Math.max(0, full.get() - nanoTime.getAsLong());
    return Math.max(0, missing + (long) interval - (long) Math.max(SECOND, interval));
  }

  /** Counts {@code count} shipments in flight unless they would be more than {@code most}. */
  boolean enter(int count, int most) {
    for (int now = inFlight.get(); now + count <= most; now = inFlight.get()) {
      if (inFlight.compareAndSet(now, now + count)) return true;
    }
    return false;
  }

  /** Counts as many of {@code wanted} shipments in flight as {@code most} allows. */
  int enterSome(int wanted, int most) {
    while (true) {
      int now = inFlight.get();
      int count = Math.max(0, Math.min(wanted, most - now));
      if (count == 0 || inFlight.compareAndSet(now, now + count)) return count;
    }
  }

  void leave(int count) {
    inFlight.addAndGet(-count);
  }

  int inFlight() {
    return inFlight.get();
  }
}
