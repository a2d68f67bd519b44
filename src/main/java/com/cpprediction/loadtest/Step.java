package com.cpprediction.loadtest;

import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Results of one step of the load generator. Histograms are in microseconds.
 *
 * @param name row title in tables
 * @param rate requests due per second; 0 in a closed loop
 * @param path of the requests
 * @param shipments per request
 * @param due requests due, in a closed loop requests sent
 * @param sent requests sent; fewer than {@code due} when too many were in flight
 * @param ok responses with status 200 in which no shipment failed
 * @param refused responses that refuse the request as its profile expects
 * @param inTime of {@code ok} and {@code refused}, responses before the last request was due
 * @param cached of {@code ok}, single predictions from the cache
 * @param uncertain requests without a response, whose rows may be stored
 * @param openAtHalf requests in flight at half of the duration
 * @param openAtEnd requests in flight when the last request was due
 * @param errors failed requests, by status and code
 * @param seconds from the first request to the last due time
 * @param total seconds from the first request to the last response
 * @param latency from the due time, of {@code ok}, of {@code refused} and of requests that timed
 *     out
 * @param service from sending, of {@code ok} and {@code refused}
 * @param refusals from the due time, of all other responses
 * @param lag of the generator: from the due time to sending
 * @param series the same second by second
 * @param meters counted by the services meanwhile; null where unknown
 */
public record Step(
    String name,
    double rate,
    String path,
    int shipments,
    long due,
    long sent,
    long ok,
    long refused,
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
    Histogram lag,
    Series series,
    @Nullable ServiceMeters meters) {
  /** Share of requests that may fail or queue up at a rate that counts as held. */
  private static final double TOLERATED = 0.01;

  /** Minimum ratio of requests in flight, end to half-time, that counts as a growing queue. */
  private static final double GROWING = 1.5;

  /** Tolerated lag of the generator, in milliseconds. */
  private static final double LATE = 1;

  /** Tolerated lag of the generator, as a share of the latency. */
  private static final double LATE_SHARE = 0.25;

  /** Errors that blame the request, not the service. */
  private static final String WRONG_REQUEST =
      "4\\d\\d .*|200 with (malformed-request|unknown-prefix|pincode-required)";

  /** The same step with the services' meters. */
  Step with(@Nullable ServiceMeters meters) {
    return new Step(
        name,
        rate,
        path,
        shipments,
        due,
        sent,
        ok,
        refused,
        inTime,
        cached,
        uncertain,
        openAtHalf,
        openAtEnd,
        errors,
        seconds,
        total,
        latency,
        service,
        refusals,
        lag,
        series,
        meters);
  }

  /** Requests served per second, while requests were due. */
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

  /** Share of due requests that failed, 0..1. */
  public double errorRate() {
    return due == 0 ? 0 : (double) failed() / due;
  }

  public long failed() {
    return errors.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Why the figures are not to be trusted, or the rate was not held; else empty. */
  public String verdict() {
    var most = commonest();
    if (!held() && most.matches(WRONG_REQUEST) && failed() > TOLERATED * due) {
      return "%s: %d of %d requests were refused, most with \"%s\"; the figures are of the others."
          .formatted(name, failed(), due, most);
    }
    if (!onSchedule()) {
      return ("%s: this program was late itself (by %.1f ms at the 99th percentile), which is in"
              + " the latencies; run it on another machine than the service.")
          .formatted(name, lag.getValueAtPercentile(99) / 1e3);
    }
    return held()
        ? ""
        : "%s: the service did not hold the rate, it served %.0f/s.".formatted(name, achieved());
  }

  /** The most frequent error; empty without errors. */
  private String commonest() {
    return errors.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElse("");
  }
}
