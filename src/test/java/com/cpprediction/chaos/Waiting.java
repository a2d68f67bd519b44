package com.cpprediction.chaos;

import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** Asks again and again, for what no other process announces. */
final class Waiting {
  /** Enough for a recovery on a busy machine. */
  static final Duration LONG = Duration.ofSeconds(90);

  private static final Duration PAUSE = Duration.ofMillis(20);

  private Waiting() {}

  /**
   * @param what is awaited, for the message of the failure
   */
  static void until(String what, Callable<Boolean> condition) throws Exception {
    until(what, LONG, condition);
  }

  static void until(String what, Duration patience, Callable<Boolean> condition) throws Exception {
    until(what, patience, PAUSE, condition);
  }

  /**
   * @param pause between two looks, for what costs the one who is asked
   */
  static void until(String what, Duration patience, Duration pause, Callable<Boolean> condition)
      throws Exception {
    long end = System.nanoTime() + patience.toNanos();
    while (!holds(condition)) {
      if (System.nanoTime() > end) throw new AssertionError(what + ": not within " + patience);
      LockSupport.parkNanos(pause.toNanos());
    }
  }

  /** Who doesn't answer in time doesn't say so yet. */
  private static boolean holds(Callable<Boolean> condition) throws Exception {
    try {
      return condition.call();
    } catch (HttpTimeoutException e) {
      return false;
    }
  }

  /** Lets a fault last that is told by its time. */
  static void elapse(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }
}
