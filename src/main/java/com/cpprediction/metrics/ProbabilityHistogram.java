package com.cpprediction.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;

/**
 * Counts probabilities in buckets. Thread-safe. A summary of Micrometer 1.17 rounds a value up to
 * an integer before it chooses the bucket.
 */
final class ProbabilityHistogram {
  private final Histogram histogram;

  /**
   * @param name as Prometheus has it
   * @param bounds upper bounds of the buckets, ascending
   */
  ProbabilityHistogram(String name, String description, double... bounds) {
    histogram =
        Histogram.builder()
            .name(name)
            .help(description)
            .classicOnly()
            .classicUpperBounds(bounds)
            .withoutExemplars()
            .build();
  }

  /** Exports it where {@code registry} is that of Prometheus. */
  void exportTo(MeterRegistry registry) {
    if (registry instanceof PrometheusMeterRegistry exported) {
      exported.getPrometheusRegistry().register(histogram);
    }
  }

  /**
   * Counts a probability.
   *
   * @param probability 0..1
   */
  void record(double probability) {
    histogram.observe(probability);
  }

  long count() {
    return data().getCount();
  }

  double sum() {
    return data().getSum();
  }

  /** The count of each bucket; none of those below it. */
  List<Long> counts() {
    var counts = new ArrayList<Long>();
    for (var bucket : data().getClassicBuckets()) {
      if (!Double.isInfinite(bucket.getUpperBound())) counts.add(bucket.getCount());
    }
    return counts;
  }

  private HistogramDataPointSnapshot data() {
    return histogram.collect().getDataPoints().get(0);
  }

  /** Count and mean, and the count of each bucket by its upper bound; no mean of nothing. */
  JsonObject toJson() {
    var data = data();
    var json = new JsonObject().put("count", data.getCount());
    if (data.getCount() > 0) json.put("mean", data.getSum() / data.getCount());
    var buckets = new JsonArray();
    for (var bucket : data.getClassicBuckets()) {
      if (Double.isInfinite(bucket.getUpperBound())) continue; // no probability exceeds 1
      buckets.add(
          new JsonObject().put("to", bucket.getUpperBound()).put("count", bucket.getCount()));
    }
    return json.put("buckets", buckets);
  }
}
