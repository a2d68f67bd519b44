package com.cpprediction.loadtest;

import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * Results of one step of the load generator. Histograms are in microseconds.
 *
 * @param name row title in tables
 * @param rate requests due per second; 0 in a closed loop
 * @param shipments per request
 * @param due requests due, in a closed loop requests sent
 * @param sent requests sent; fewer than {@code due} when too many were in flight
 * @param ok responses with status 200
 * @param inTime of {@code ok}, responses before the last request was due
 * @param cached of {@code ok}, single predictions from the cache
 * @param uncertain requests without a response, whose rows may be stored
 * @param openAtHalf requests in flight at half of the duration
 * @param openAtEnd requests in flight when the last request was due
 * @param errors failed requests, by status and code
 * @param seconds from the first request to the last due time
 * @param total seconds from the first request to the last response
 * @param latency from the due time, of {@code ok} and of requests that timed out
 * @param service from sending, of {@code ok}
 * @param refusals from the due time, of responses with another status
 * @param lag of the generator: from the due time to sending
 */
public record Step(
    String name,
    double rate,
    int shipments,
    long due,
    long sent,
    long ok,
    long inTime,
    long cached,
    long uncertain,
    long openAtHalf,
    long openAtEnd,
    Map<String, Long> errors,
    double seconds,
    double total,
    Histogram latency,
    Histogram service,
    Histogram refusals,
    Histogram lag) {
  /** Share of requests that may fail or queue up at a rate that counts as held. */
  private static final double TOLERATED = 0.01;

  /** Minimum ratio of requests in flight, end to half-time, that counts as a growing queue. */
  private static final double GROWING = 1.5;

  /** Tolerated lag of the generator, in milliseconds. */
  private static final double LATE = 1;

  /** Tolerated lag of the generator, as a share of the latency. */
  private static final double LATE_SHARE = 0.25;

  /** Responses with status 200 per second, while requests were due. */
  public double achieved() {
    return seconds == 0 ? 0 : inTime / seconds;
  }

  /** Whether the service kept up with the rate: few requests failed, and no queue grew. */
  public boolean held() {
    if (rate == 0) return true;
    boolean piled = openAtEnd > TOLERATED * due + 2 && openAtEnd > GROWING * openAtHalf;
    return failed() <= TOLERATED * due && !piled;
  }

  /** Whether the generator kept to its schedule. */
  public boolean onSchedule() {
    return lag.getTotalCount() == 0
        || lag.getValueAtPercentile(99) / 1e3 <= Math.max(LATE, LATE_SHARE * millis(99));
  }

  /** Latency percentile in milliseconds; 0 without responses. */
  public double millis(double percentile) {
    return latency.getTotalCount() == 0 ? 0 : latency.getValueAtPercentile(percentile) / 1e3;
  }

  public double maxMillis() {
    return latency.getMaxValue() / 1e3;
  }

  /** Share of predictions from the cache, 0..1. */
  public double hitRate() {
    return ok == 0 ? 0 : (double) cached / ok;
  }

  public long failed() {
    return errors.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Why the figures are not to be trusted, or the rate was not held; else empty. */
  public String verdict() {
    if (!onSchedule()) {
      return ("%s: this program was late itself (by %.1f ms at the 99th percentile), which is in"
              + " the latencies; run it on another machine than the service")
          .formatted(name, lag.getValueAtPercentile(99) / 1e3);
    }
    if (!held()) {
      return "%s: the service did not hold the rate, it answered %.0f/s"
          .formatted(name, achieved());
    }
    return "";
  }
}
