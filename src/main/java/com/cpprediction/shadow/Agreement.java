package com.cpprediction.shadow;

import com.cpprediction.metrics.ComparisonResult;
import com.cpprediction.model.WilsonInterval;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * How often two releases predict the same CP, by prefix. Counts begin with the pair of releases.
 * Thread-safe.
 */
final class Agreement {
  private final String served;
  private final String shadow;
  private final Instant since;
  private final Map<String, Counts> prefixes = new ConcurrentHashMap<>();

  private static final class Counts {
    private final Map<ComparisonResult, LongAdder> results = new EnumMap<>(ComparisonResult.class);

    Counts() {
      for (var result : ComparisonResult.values()) results.put(result, new LongAdder());
    }
  }

  /**
   * @param served id of the served release
   * @param shadow id of the shadow release
   */
  Agreement(String served, String shadow, Instant since) {
    this.served = served;
    this.shadow = shadow;
    this.since = since;
  }

  String served() {
    return served;
  }

  String shadow() {
    return shadow;
  }

  Instant since() {
    return since;
  }

  /** Whether these are the releases compared. */
  boolean isOf(String ofServed, String ofShadow) {
    return served.equals(ofServed) && shadow.equals(ofShadow);
  }

  void count(String prefix, ComparisonResult result) {
    var adder = prefixes.computeIfAbsent(prefix, first -> new Counts()).results.get(result);
    if (adder != null) adder.increment();
  }

  /** Counts of all prefixes by result. */
  Map<ComparisonResult, Long> total() {
    var total = new EnumMap<ComparisonResult, Long>(ComparisonResult.class);
    for (var counts : prefixes.values()) {
      counts.results.forEach((result, adder) -> total.merge(result, adder.sum(), Long::sum));
    }
    return total;
  }

  /** Counts by prefix and result, ascending. */
  SortedMap<String, Map<ComparisonResult, Long>> byPrefix() {
    var all = new TreeMap<String, Map<ComparisonResult, Long>>();
    prefixes.forEach(
        (prefix, counts) -> {
          var sums = new EnumMap<ComparisonResult, Long>(ComparisonResult.class);
          counts.results.forEach((result, adder) -> sums.put(result, adder.sum()));
          all.put(prefix, sums);
        });
    return all;
  }

  /** JSON of counts, with the share that agrees and its interval where something was compared. */
  static JsonObject toJson(Map<ComparisonResult, Long> counts) {
    var json = new JsonObject();
    for (var result : ComparisonResult.values()) {
      json.put(result.label(), counts.getOrDefault(result, 0L));
    }
    long agreed = counts.getOrDefault(ComparisonResult.AGREED, 0L);
    long sample = agreed + counts.getOrDefault(ComparisonResult.DISAGREED, 0L);
    json.put("sample", sample);
    if (sample == 0) return json.putNull("agreement").putNull("low").putNull("high");
    double share = (double) agreed / sample;
    var interval = WilsonInterval.of(share, sample);
    return json.put("agreement", share).put("low", interval.low()).put("high", interval.high());
  }
}
