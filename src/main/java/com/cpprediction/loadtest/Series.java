package com.cpprediction.loadtest;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.IntCountsHistogram;

/**
 * The course of a step, second by second: each request counts in the second in which it was due, so
 * that a stall shows when it began. Not thread-safe.
 */
public final class Series {
  private static final int DIGITS = 2;

  private final List<Second> seconds = new ArrayList<>();

  /** The requests due in one second. */
  public static final class Second {
    private final IntCountsHistogram latency = new IntCountsHistogram(DIGITS);
    private long due;
    private long ok;
    private long failed;

    /** Requests due. */
    public long due() {
      return due;
    }

    /** Of those, requests served. */
    public long ok() {
      return ok;
    }

    /** Of those, requests that failed. */
    public long failed() {
      return failed;
    }

    /** Latency percentile in milliseconds; 0 without responses. */
    public double millis(double percentile) {
      return latency.getTotalCount() == 0 ? 0 : latency.getValueAtPercentile(percentile) / 1e3;
    }

    /** Latencies in microseconds, to two digits. */
    Histogram latency() {
      var copy = new Histogram(DIGITS);
      copy.add(latency);
      return copy;
    }
  }

  /** From the first second on; a second without due requests has none. */
  public List<Second> seconds() {
    return List.copyOf(seconds);
  }

  /**
   * @param offset due time from the begin of the step, in nanoseconds
   */
  void due(long offset) {
    at(offset).due++;
  }

  /**
   * A request ended.
   *
   * @param micros latency; negative where it doesn't count, as of a refusal
   */
  void ended(long offset, boolean served, long micros) {
    var second = at(offset);
    if (served) second.ok++;
    else second.failed++;
    if (micros >= 0) second.latency.recordValue(micros);
  }

  private Second at(long offset) {
    int number = (int) Math.max(0, TimeUnit.NANOSECONDS.toSeconds(offset));
    while (seconds.size() <= number) seconds.add(new Second());
    return seconds.get(number);
  }

  /** The sum of the parts of a step. */
  static Series sum(Collection<Series> parts) {
    var sum = new Series();
    for (var part : parts) {
      for (int i = 0; i < part.seconds.size(); i++) {
        var to = sum.at(TimeUnit.SECONDS.toNanos(i));
        var from = part.seconds.get(i);
        to.due += from.due;
        to.ok += from.ok;
        to.failed += from.failed;
        to.latency.add(from.latency);
      }
    }
    return sum;
  }
}
