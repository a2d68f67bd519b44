package com.cpprediction.chaos;

import java.util.Arrays;

/** Every single one, so that percentiles are exact. To be used by one thread at a time. */
final class Latencies {
  private long[] nanos = new long[1024];
  private int count;

  void add(long value) {
    if (count == nanos.length) nanos = Arrays.copyOf(nanos, 2 * count);
    nanos[count++] = value;
  }

  int count() {
    return count;
  }

  /**
   * @param share such as 0.99
   * @return milliseconds by the nearest rank, NaN when there are none
   */
  double percentile(double share) {
    if (count == 0) return Double.NaN;
    var sorted = Arrays.copyOf(nanos, count);
    Arrays.sort(sorted);
    int rank = (int) Math.ceil(share * count);
    return sorted[Math.max(0, rank - 1)] / 1e6;
  }
}
