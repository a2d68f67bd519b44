package com.cpprediction.cli;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Asks again and again, for what nothing announces. */
public final class Await {
  private static final Duration LONGEST = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofMillis(20);

  private Await() {}

  public static <T> T until(Supplier<T> ask, Predicate<T> enough) {
    long end = System.nanoTime() + LONGEST.toNanos();
    while (true) {
      var answer = ask.get();
      if (enough.test(answer)) return answer;
      if (System.nanoTime() > end) throw new AssertionError("still " + answer);
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }
}
