package com.cpprediction.chaos;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.PackagedService;
import com.cpprediction.testing.Scrape;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How late the timers of event loops were, by the buckets of their meter.
 *
 * @param counts timers by the bound of their bucket in seconds, not cumulative
 */
record LoopDelays(SortedMap<Double, Long> counts) {
  private static final String DELAY = "cp_event_loop_delay_seconds";
  private static final int TICKS = 32; // of a service: some of each loop

  /** Those of all services until now. */
  static LoopDelays of(List<PackagedService> services) throws Exception {
    var counts = new TreeMap<Double, Long>();
    for (var service : services) {
      long before = 0;
      for (var bucket : Scrape.of(service.get("/metrics").body()).buckets(DELAY).entrySet()) {
        counts.merge(bucket.getKey(), bucket.getValue() - before, Long::sum);
        before = bucket.getValue();
      }
    }
    return new LoopDelays(counts);
  }

  /** Those of all services once each loop has noted the delay that it may just have. */
  static LoopDelays settled(List<PackagedService> services) throws Exception {
    for (var service : services) {
      var alone = List.of(service);
      long end = of(alone).count() + TICKS;
      Await.until("its event loops tick", () -> of(alone).count() >= end);
    }
    return of(services);
  }

  /** Those that are not in {@code earlier}. */
  LoopDelays since(LoopDelays earlier) {
    var since = new TreeMap<>(counts);
    earlier.counts.forEach((bound, count) -> since.merge(bound, -count, Long::sum));
    return new LoopDelays(since);
  }

  long count() {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Number of those of more than {@code seconds}, a bound of a bucket. */
  long longerThan(double seconds) {
    return counts.entrySet().stream()
        .filter(bucket -> bucket.getKey() > seconds)
        .mapToLong(bucket -> bucket.getValue())
        .sum();
  }

  /** Least bound in seconds that none exceeds. */
  private double most() {
    double most = 0;
    for (var bucket : counts.entrySet()) if (bucket.getValue() > 0) most = bucket.getKey();
    return most;
  }

  @Override
  public String toString() {
    return "event loops late by at most %.0f ms, %d times by more than 50 ms (%d timers)"
        .formatted(most() * 1e3, longerThan(0.05), count());
  }
}
