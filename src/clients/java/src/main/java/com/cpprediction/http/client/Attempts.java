package com.cpprediction.http.client;

import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Until when a call is tried, and how often it was. Used by one thread. */
final class Attempts {
  private static final Set<Integer> RETRIED_STATUSES = Set.of(429, 503, 504);
  private static final long FIRST_BACKOFF_MS = 100;
  private static final long LONGEST_BACKOFF_MS = 5_000;

  private final Duration deadline;
  private long until; // of System.nanoTime()
  private int failed;

  Attempts(Duration deadline) {
    this.deadline = deadline;
    renew();
  }

  void renew() {
    until = System.nanoTime() + deadline.toNanos();
  }

  /** 1 or more. */
  long leftMs() {
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime()));
  }

  /**
   * As {@link #await}.
   *
   * @return false as well for an error that another attempt can't mend
   */
  boolean waitAfter(ApiException error) {
    if (error.getCode() == 0) {
      return !(error.getCause() instanceof InterruptedException) && await(0);
    }
    if (error.getCode() < 300) return error.getCause() instanceof IOException && await(0);
    if (!RETRIED_STATUSES.contains(error.getCode())) return false;
    var seconds = error.getResponseHeaders().firstValue("Retry-After").orElse("");
    return await(seconds.matches("\\d{1,6}") ? Long.parseLong(seconds) * 1_000 : 0);
  }

  /**
   * Waits before the next attempt.
   *
   * @return false, at once, if the deadline comes first or the thread is interrupted
   */
  boolean await(long retryAfterMs) {
    long longest = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS << Math.min(failed++, 10));
    long pause = Math.max(ThreadLocalRandom.current().nextLong(longest), retryAfterMs);
    if (pause >= leftMs()) return false;
    try {
      Thread.sleep(pause);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
