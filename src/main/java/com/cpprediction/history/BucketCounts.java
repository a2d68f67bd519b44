package com.cpprediction.history;

import com.cpprediction.metrics.MeterTotals;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Percentiles of times that are counted in buckets. */
final class BucketCounts {
  private static final double NANOS_PER_MS = Duration.ofMillis(1).toNanos();
  private static final double[] BOUNDS =
      MeterTotals.timeBounds().stream()
          .mapToDouble(bound -> bound.toNanos() / NANOS_PER_MS)
          .toArray();

  /** Buckets, that of times beyond the last bound included. */
  static final int SIZE = BOUNDS.length + 1;

  /** Ratio of the bounds of the first bucket, which has no lower one. */
  private static final double FIRST_RATIO = 2;

  private BucketCounts() {}

  /**
   * Whether so many values have this percentile: not where none lies beyond it.
   *
   * @param share 0..1
   */
  static boolean hasPercentile(long values, double share) {
    return values > 0 && (share <= 0.5 || values >= Math.round(1 / (1 - share)));
  }

  /**
   * A percentile in milliseconds, interpolated between the bounds of its bucket on a log scale: off
   * by less than the ratio of two bounds, 2 at most. Null of so few that none lies beyond it, such
   * as the 99th of less than 100.
   *
   * @param counts of {@link #SIZE} buckets
   * @param share 0..1
   */
  static @Nullable Double percentile(List<Long> counts, double share) {
    long all = 0;
    for (long count : counts) all += count;
    if (!hasPercentile(all, share)) return null;
    double rank = share * all;
    double below = 0;
    for (int i = 0; i < BOUNDS.length; i++) {
      long count = counts.get(i);
      if (count > 0 && below + count >= rank) {
        double lower = i == 0 ? BOUNDS[0] / FIRST_RATIO : BOUNDS[i - 1];
        return lower * Math.pow(BOUNDS[i] / lower, (rank - below) / count);
      }
      below += count;
    }
    return BOUNDS[BOUNDS.length - 1];
  }
}
