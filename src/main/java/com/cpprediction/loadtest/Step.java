package com.cpprediction.loadtest;

import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What came of one rate. Latencies are in microseconds, of what was answered with 200 and of what
 * was given up, which counts with the time that was waited for it.
 *
 * @param name what it is called in a table
 * @param rate requests per second that were due; 0 in a closed loop
 * @param shipments in one request
 * @param due requests that were due, or sent in a closed loop
 * @param sent of them, those that were sent; the others found too many waiting
 * @param ok answered with 200
 * @param inTime of them, those before the last one was due
 * @param cached of them, single predictions that came from the cache
 * @param uncertain sent and never answered: they may have been stored or not
 * @param openAtHalf requests that waited for an answer when half of the time was over
 * @param openAtEnd the same when the last one was due
 * @param errors what came instead of 200, by status and code
 * @param seconds from the first request to the last that was due
 * @param total seconds from the first request to the last answer
 * @param latency from when a request was due
 * @param service from when it was sent, of what was answered with 200
 * @param refusals from when it was due, of what was answered with another status
 * @param lag how much later than due the generator came to send
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
  /** Share of the requests that may fail, or pile up, of a rate that is held. */
  private static final double FEW = 0.01;

  /** A queue that grows is as much longer at the end than at half-time, at least. */
  private static final double GROWING = 1.5;

  /** Milliseconds, and share of the latencies, that the generator may be late by. */
  private static final double LATE = 1;

  private static final double LATE_SHARE = 0.25;

  /** Requests per second that were answered with 200 while requests were due. */
  public double achieved() {
    return seconds == 0 ? 0 : inTime / seconds;
  }

  /** Whether as much was answered as was asked: few requests failed, and no queue grew. */
  public boolean held() {
    if (rate == 0) return true;
    boolean piled = openAtEnd > FEW * due + 2 && openAtEnd > GROWING * openAtHalf;
    return failed() <= FEW * due && !piled;
  }

  /** Whether the generator itself sent when it was to. */
  public boolean onSchedule() {
    return lag.getTotalCount() == 0
        || lag.getValueAtPercentile(99) / 1e3 <= Math.max(LATE, LATE_SHARE * millis(99));
  }

  /** Milliseconds at {@code percentile} from when a request was due; 0 when nothing came back. */
  public double millis(double percentile) {
    return latency.getTotalCount() == 0 ? 0 : latency.getValueAtPercentile(percentile) / 1e3;
  }

  public double maxMillis() {
    return latency.getMaxValue() / 1e3;
  }

  /** Share of the answers that came from the cache, 0..1. */
  public double hitRate() {
    return ok == 0 ? 0 : (double) cached / ok;
  }

  public long failed() {
    return errors.values().stream().mapToLong(Long::longValue).sum();
  }

  /** What is to be said of a step that did not go as it was to; else empty. */
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
