package com.cpprediction.chaos;

import com.cpprediction.testing.PackagedService;
import com.cpprediction.testing.Scrape;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.DoubleAccumulator;

/** Scrapes the event-loop delay every two seconds, since the maximum of the meter decays. */
final class DelaySampler implements AutoCloseable {
  private static final String DELAY = "cp_event_loop_delay_seconds_max";
  private static final int SECONDS = 2;

  private final List<PackagedService> services;
  private final DoubleAccumulator greatest = new DoubleAccumulator(Math::max, 0);
  private final AtomicInteger samples = new AtomicInteger();
  private final AtomicInteger missed = new AtomicInteger();
  private final ScheduledExecutorService sampling =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            var thread = new Thread(task, "event-loop-delay");
            thread.setDaemon(true);
            return thread;
          });

  DelaySampler(List<PackagedService> services) {
    this.services = services;
    sampling.scheduleWithFixedDelay(this::sample, 0, SECONDS, TimeUnit.SECONDS);
  }

  /** Samples each service now. */
  void sample() {
    for (var service : services) {
      try {
        var series = Scrape.of(service.get("/metrics").body()).values().entrySet().stream();
        greatest.accumulate(
            series
                .filter(entry -> entry.getKey().startsWith(DELAY))
                .mapToDouble(Map.Entry::getValue)
                .max()
                .orElseThrow());
        samples.incrementAndGet();
      } catch (Exception e) { // a task that throws is not scheduled again
        missed.incrementAndGet();
      }
    }
  }

  /** Greatest delay sampled, in seconds. */
  double greatest() {
    return greatest.get();
  }

  /** Number of scrapes that had the meter. */
  int samples() {
    return samples.get();
  }

  @Override
  public void close() {
    sampling.shutdownNow();
  }

  @Override
  public String toString() {
    return "event loop late by at most %.0f ms (%d samples, %d failed)"
        .formatted(greatest() * 1e3, samples(), missed.get());
  }
}
