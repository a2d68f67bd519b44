package com.cpprediction.testing;

import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Polls for a state that is not announced. */
public final class Await {
  /** Enough for a recovery on a busy machine. */
  public static final Duration LONG = Duration.ofSeconds(90);

  private static final Duration PAUSE = Duration.ofMillis(20);

  private Await() {}

  /** Reads {@code value} until {@code enough} holds for it, and returns it. */
  public static <T> T until(Supplier<T> value, Predicate<T> enough) {
    long end = System.nanoTime() + LONG.toNanos();
    while (true) {
      var last = value.get();
      if (enough.test(last)) return last;
      if (System.nanoTime() > end) throw new AssertionError("still " + last);
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  public static void until(Callable<Boolean> condition) throws Exception {
    until("the condition holds", condition);
  }

  /**
   * @param what is awaited, for the message of the failure
   */
  public static void until(String what, Callable<Boolean> condition) throws Exception {
    until(what, LONG, condition);
  }

  public static void until(String what, Duration timeout, Callable<Boolean> condition)
      throws Exception {
    until(what, timeout, PAUSE, condition);
  }

  /**
   * @param pause between two polls, longer where a poll costs the service something
   */
  public static void until(
      String what, Duration timeout, Duration pause, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + timeout.toNanos();
    while (!holds(condition)) {
      if (System.nanoTime() > end) throw new AssertionError(what + ": not within " + timeout);
      LockSupport.parkNanos(pause.toNanos());
    }
  }

  /** A service that does not respond in time is not in the awaited state yet. */
  private static boolean holds(Callable<Boolean> condition) throws Exception {
    try {
      return condition.call();
    } catch (HttpTimeoutException e) {
      return false;
    }
  }

  /** Lets a fault last for a given time. */
  public static void elapse(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }
}
