package com.cpprediction.loadtest;

import com.cpprediction.common.Labelled;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Distribution of the times at which the requests of an open loop are due. */
public enum Arrivals implements Labelled {
  /** At even intervals. */
  CONSTANT {
    @Override
    LongSupplier schedule(double rate, Duration duration, long seed) {
      double interval = NANOS / rate;
      long total = Math.max(1, Math.round(rate * duration.toNanos() / NANOS));
      var next = new long[1];
      return () -> next[0] < total ? (long) (next[0]++ * interval) : NONE;
    }
  },
  /**
   * A Poisson process, as of many callers that don't know each other: exponentially distributed
   * intervals, so that several requests may be due at about the same time.
   */
  POISSON {
    @Override
    LongSupplier schedule(double rate, Duration duration, long seed) {
      double interval = NANOS / rate;
      var random = new SplittableRandom(seed);
      var last = new double[1];
      return () -> {
        last[0] -= Math.log(1 - random.nextDouble()) * interval;
        return last[0] < duration.toNanos() ? (long) last[0] : NONE;
      };
    }
  };

  /** Returned after the last due time. */
  static final long NONE = -1;

  private static final double NANOS = TimeUnit.SECONDS.toNanos(1);

  /**
   * Due times of a step in ascending order, in nanoseconds from its begin; then {@link #NONE}.
   *
   * @param rate requests per second, above 0
   * @param seed of the intervals; the same seed gives the same times
   */
  abstract LongSupplier schedule(double rate, Duration duration, long seed);
}
