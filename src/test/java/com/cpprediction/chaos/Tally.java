package com.cpprediction.chaos;

import java.util.Map;
import java.util.TreeMap;

/**
 * What became of the requests that were sent during one stretch of a trial, such as from a fault
 * on. Thread-safe.
 */
final class Tally {
  private final String name;
  private final String mark;
  private final boolean disturbing;
  private final long begun = System.nanoTime();
  private final Latencies latencies = new Latencies();
  private final Map<String, Integer> reasons = new TreeMap<>(); // of retries and failures
  private final Map<String, Integer> served = new TreeMap<>(); // answers by the node asked
  private int requests;
  private int settled;
  private int ok;
  private int retried;
  private int failed;
  private int wrong;
  private int remote;
  private long firstDisturbed = Long.MAX_VALUE;
  private long lastDisturbed = Long.MIN_VALUE;

  /**
   * @param mark begins the shipment ids of its requests
   * @param disturbing whether it begins with something that may disturb requests in flight
   */
  Tally(String name, String mark, boolean disturbing) {
    this.name = name;
    this.mark = mark;
    this.disturbing = disturbing;
  }

  String name() {
    return name;
  }

  String mark() {
    return mark;
  }

  boolean disturbing() {
    return disturbing;
  }

  synchronized void sent() {
    requests++;
  }

  /** A request of it turns out to be another's. */
  synchronized void leaves() {
    requests--;
  }

  /** An attempt that brought no answer, whatever the next one brings. */
  synchronized void disturbed(String reason) {
    reasons.merge(reason, 1, Integer::sum);
  }

  /**
   * The end of one request.
   *
   * @param sent when it was meant to be sent, in nanoseconds
   * @param by the node that was asked last
   */
  synchronized void settled(long sent, String by, boolean answered, boolean again) {
    long now = System.nanoTime();
    settled++;
    if (answered) {
      ok++;
      latencies.add(now - sent);
      served.merge(by, 1, Integer::sum);
    } else {
      failed++;
    }
    if (again && answered) retried++;
    if (again || !answered) {
      firstDisturbed = Math.min(firstDisturbed, sent);
      lastDisturbed = Math.max(lastDisturbed, sent);
    }
  }

  synchronized void wrong() {
    wrong++;
  }

  synchronized void remote() {
    remote++;
  }

  synchronized int requests() {
    return requests;
  }

  synchronized int settled() {
    return settled;
  }

  synchronized int ok() {
    return ok;
  }

  synchronized int retriedCount() {
    return retried;
  }

  synchronized int failedCount() {
    return failed;
  }

  synchronized int wrongCount() {
    return wrong;
  }

  /** Answers of the node. */
  synchronized int servedBy(String node) {
    return served.getOrDefault(node, 0);
  }

  /** Seconds since it began. */
  double age() {
    return (System.nanoTime() - begun) / 1e9;
  }

  /** Seconds from the first to the last request sent that was retried or failed. */
  synchronized double disturbance() {
    return firstDisturbed > lastDisturbed ? 0 : (lastDisturbed - firstDisturbed) / 1e9;
  }

  /** When that was, in seconds from the beginning of the stretch. */
  synchronized String disturbed() {
    if (firstDisturbed > lastDisturbed) return "-";
    return "%.1f-%.1f s".formatted((firstDisturbed - begun) / 1e9, (lastDisturbed - begun) / 1e9);
  }

  synchronized String milliseconds() {
    return ok == 0
        ? "-"
        : "%.1f/%.1f/%.0f ms"
            .formatted(
                latencies.percentile(0.5), latencies.percentile(0.99), latencies.percentile(1));
  }

  synchronized String reasons() {
    return "%s: %d remote, served %s, disturbed by %s".formatted(name, remote, served, reasons);
  }
}
