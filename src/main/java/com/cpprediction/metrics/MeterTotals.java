package com.cpprediction.metrics;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction.Source;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Counts since the start of the process, to be subtracted from later ones.
 *
 * @param failures by failure, those that occurred only
 * @param doubts pincodes that were weighed
 * @param confidences predictions by confidence, in the buckets of {@link
 *     ServiceMetrics#CONFIDENCES}
 * @param modelTimes predictions by a model by time, in the buckets of {@link #timeBounds}
 */
public record MeterTotals(
    long fromModel,
    long fromCache,
    Map<Failure, Long> failures,
    long shed,
    long cacheHits,
    long cacheMisses,
    long corrected,
    long doubts,
    double doubtSum,
    double confidenceSum,
    List<Long> confidences,
    List<Long> modelTimes,
    List<Long> cacheTimes,
    List<Long> loopTimes) {

  public MeterTotals {
    failures = Map.copyOf(failures);
    confidences = List.copyOf(confidences);
    modelTimes = List.copyOf(modelTimes);
    cacheTimes = List.copyOf(cacheTimes);
    loopTimes = List.copyOf(loopTimes);
  }

  /** Upper bounds of the buckets of times, ascending; a further bucket holds what is longer. */
  public static List<Duration> timeBounds() {
    return ServiceMetrics.timeBounds();
  }

  /** Walks meters. */
  static MeterTotals of(ServiceMetrics metrics) {
    var registry = metrics.registry();
    var failures = new EnumMap<Failure, Long>(Failure.class);
    for (var failure : Failure.values()) {
      long count = metrics.failures().count(failure);
      if (count > 0) failures.put(failure, count);
    }
    return new MeterTotals(
        answered(registry, Source.MODEL),
        answered(registry, Source.CACHE),
        failures,
        registry.find("cp.shed").counters().stream().mapToLong(c -> (long) c.count()).sum(),
        cacheGets(registry, "hit"),
        cacheGets(registry, "miss"),
        (long) registry.get("cp.predictions.corrected").counter().count(),
        metrics.doubts().count(),
        metrics.doubts().sum(),
        metrics.confidences().sum(),
        metrics.confidences().counts(),
        times(registry.get("cp.prediction").tag("source", Source.MODEL.label()).timer()),
        times(registry.get("cp.prediction").tag("source", Source.CACHE.label()).timer()),
        times(registry.get("cp.event.loop.delay").timer()));
  }

  /** The counts between {@code earlier} and now, both of the same process. */
  public MeterTotals since(MeterTotals earlier) {
    var difference = new EnumMap<Failure, Long>(Failure.class);
    failures.forEach(
        (failure, count) -> {
          long more = count - earlier.failures.getOrDefault(failure, 0L);
          if (more > 0) difference.put(failure, more);
        });
    return new MeterTotals(
        fromModel - earlier.fromModel,
        fromCache - earlier.fromCache,
        difference,
        shed - earlier.shed,
        cacheHits - earlier.cacheHits,
        cacheMisses - earlier.cacheMisses,
        corrected - earlier.corrected,
        doubts - earlier.doubts,
        doubtSum - earlier.doubtSum,
        confidenceSum - earlier.confidenceSum,
        difference(confidences, earlier.confidences),
        difference(modelTimes, earlier.modelTimes),
        difference(cacheTimes, earlier.cacheTimes),
        difference(loopTimes, earlier.loopTimes));
  }

  /** Failures of a kind. */
  public long failures(FailureLog.Kind kind) {
    return failures.entrySet().stream()
        .filter(entry -> FailureLog.Kind.of(entry.getKey()) == kind)
        .mapToLong(Map.Entry::getValue)
        .sum();
  }

  private static List<Long> difference(List<Long> now, List<Long> earlier) {
    var difference = new ArrayList<Long>(now.size());
    for (int i = 0; i < now.size(); i++) difference.add(now.get(i) - earlier.get(i));
    return difference;
  }

  private static long answered(MeterRegistry registry, Source source) {
    return (long)
        registry
            .get("cp.predictions")
            .tag("outcome", "ok")
            .tag("source", source.label())
            .counter()
            .count();
  }

  private static long cacheGets(MeterRegistry registry, String result) {
    return registry.find("cache.gets").tag("result", result).functionCounters().stream()
        .mapToLong(counter -> (long) counter.count())
        .sum();
  }

  /** The counts of the buckets of a timer, each without those below it. */
  private static List<Long> times(Timer timer) {
    var snapshot = timer.takeSnapshot();
    var buckets = new ArrayList<Long>();
    double below = 0;
    for (var bucket : snapshot.histogramCounts()) {
      if (Double.isInfinite(bucket.bucket())) continue;
      buckets.add((long) (bucket.count() - below));
      below = bucket.count();
    }
    buckets.add(Math.max(0, (long) (snapshot.count() - below)));
    return buckets;
  }
}
