package com.cpprediction.loadtest;

import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Meters of the services under test, as {@code GET /metrics} has them: what they counted up to a
 * moment, or between two.
 */
public final class ServiceMeters {
  private static final Pattern SAMPLE =
      Pattern.compile("([a-zA-Z_:][\\w:]*)(\\{.*})? ([-+.\\dEeNaInf]+)( \\d+)?");

  private static final Pattern CUMULATIVE = Pattern.compile(".*_(total|count|sum|bucket)");
  private static final Pattern BOUND = Pattern.compile("[{,]le=\"([^\"]+)\"");
  private static final Pattern STATUS = Pattern.compile("[{,]status=\"(\\w+)\"");
  private static final String PREDICTIONS = "cp_prediction_seconds";
  private static final String REQUESTS = "cp_http_requests_seconds";

  private final Map<String, Double> values = new TreeMap<>(); // by series

  private ServiceMeters() {}

  /**
   * Reads Prometheus' text format.
   *
   * @return null when {@code text} has no sample, as where metrics are off
   */
  static @Nullable ServiceMeters of(String text) {
    var meters = new ServiceMeters();
    for (var line : text.split("\n")) {
      var sample = SAMPLE.matcher(line);
      if (line.startsWith("#") || !sample.matches()) continue;
      if (!CUMULATIVE.matcher(sample.group(1)).matches()) continue;
      var labels = sample.group(2) == null ? "" : sample.group(2);
      meters.values.put(sample.group(1) + labels, Double.parseDouble(sample.group(3)));
    }
    return meters.values.isEmpty() ? null : meters;
  }

  ServiceMeters plus(ServiceMeters other) {
    var sum = new ServiceMeters();
    sum.values.putAll(values);
    other.values.forEach((series, value) -> sum.values.merge(series, value, Double::sum));
    return sum;
  }

  /** What was counted since {@code before}; a service that restarted meanwhile counts from 0. */
  ServiceMeters since(ServiceMeters before) {
    var difference = new ServiceMeters();
    values.forEach(
        (series, value) -> {
          double old = before.values.getOrDefault(series, 0.0);
          difference.values.put(series, value >= old ? value - old : value);
        });
    return difference;
  }

  /** Requests of a route, with any status or with 200 only. */
  public long requests(String route, boolean successful) {
    return Math.round(
        sum(
            REQUESTS + "_count",
            series ->
                series.contains("route=\"" + route + '"')
                    && (!successful || series.contains("status=\"200\""))));
  }

  /** Predictions recorded. */
  public long predictions() {
    return Math.round(sum(PREDICTIONS + "_count", series -> true));
  }

  /** Share of predictions from the cache, 0..1. */
  public double hitRate() {
    double all = predictions();
    double cached = sum(PREDICTIONS + "_count", series -> series.contains("source=\"cache\""));
    return all == 0 ? 0 : cached / all;
  }

  /**
   * Percentile of the time from a parsed shipment to its recorded prediction, interpolated between
   * the bounds of the histogram's buckets.
   *
   * @return milliseconds; 0 without predictions
   */
  public double millis(double percentile) {
    var buckets = new TreeMap<Double, Double>();
    values.forEach(
        (series, count) -> {
          if (!series.startsWith(PREDICTIONS + "_bucket{")) return;
          var bound = BOUND.matcher(series);
          if (!bound.find()) return;
          boolean last = bound.group(1).equals("+Inf");
          double seconds = last ? Double.POSITIVE_INFINITY : Double.parseDouble(bound.group(1));
          buckets.merge(seconds, count, Double::sum);
        });
    if (buckets.isEmpty() || buckets.lastEntry().getValue() == 0) return 0;
    double rank = percentile / 100 * buckets.lastEntry().getValue();
    double below = 0;
    double counted = 0;
    for (var bucket : buckets.entrySet()) {
      if (bucket.getValue() >= rank) {
        if (bucket.getKey().isInfinite()) return below * 1e3;
        double share = (rank - counted) / (bucket.getValue() - counted);
        return (below + share * (bucket.getKey() - below)) * 1e3;
      }
      below = bucket.getKey();
      counted = bucket.getValue();
    }
    return below * 1e3;
  }

  private double sum(String name, Predicate<String> wanted) {
    double sum = 0;
    for (var value : values.entrySet()) {
      var series = value.getKey();
      if (series.startsWith(name + '{') && wanted.test(series)) sum += value.getValue();
    }
    return sum;
  }

  /** Percentiles, statuses of {@code route}, and every series that changed but buckets. */
  JsonObject json(String route) {
    var statuses = new JsonObject();
    var changed = new JsonObject();
    values.forEach(
        (series, value) -> {
          if (value == 0 || series.contains("_bucket{")) return;
          changed.put(series, value);
          var status = STATUS.matcher(series);
          if (series.startsWith(REQUESTS + "_count{")
              && series.contains("route=\"" + route + '"')
              && status.find()) {
            statuses.put(status.group(1), Math.round(value));
          }
        });
    return new JsonObject()
        .put("requests", statuses)
        .put("predictions", predictions())
        .put("hit_rate", hitRate())
        .put("p50", millis(50))
        .put("p90", millis(90))
        .put("p95", millis(95))
        .put("p99", millis(99))
        .put("p99.9", millis(99.9))
        .put("changed", changed);
  }
}
