package com.cpprediction.history;

import com.cpprediction.history.HistoryTable.Query;
import com.cpprediction.metrics.ServiceMetrics;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Answers of Prometheus to {@link PrometheusExpressions}, as {@code GET /history} has them. */
final class PrometheusAnswer {
  /** Series whose values are counts, by which few values have no percentile. */
  private static final Map<String, String> COUNTED =
      Map.of("model_times", "from_model", "cache_times", "from_cache");

  private PrometheusAnswer() {}

  /**
   * The body of {@code GET /history} without marks.
   *
   * @throws PrometheusException when they are no such answers
   */
  static JsonObject history(Query query, Buffer points, Buffer totals) {
    try {
      var history = points(query, points.toJsonObject());
      return totals(history, totals.toJsonObject());
    } catch (DecodeException
        | ClassCastException
        | NullPointerException
        | IndexOutOfBoundsException
        | IllegalArgumentException e) {
      throw new PrometheusException("its answer is not of the form of Prometheus", e);
    }
  }

  private static JsonArray results(JsonObject answer) {
    if (!"success".equals(answer.getString("status"))) {
      throw new PrometheusException("it could not answer", null);
    }
    return answer.getJsonObject("data").getJsonArray("result");
  }

  private static JsonObject points(Query query, JsonObject answer) {
    var all = new HashMap<String, SortedMap<Long, Double>>();
    for (var item : results(answer)) {
      var result = (JsonObject) item;
      var values =
          all.computeIfAbsent(
              result.getJsonObject("metric").getString(PrometheusExpressions.SERIES),
              first -> new TreeMap<>());
      for (var pair : result.getJsonArray("values")) {
        var point = (JsonArray) pair;
        var value = number(point.getString(1));
        if (value != null) values.put(point.getDouble(0).longValue(), value);
      }
    }
    var at = new JsonArray();
    var series = new JsonObject();
    for (var name : HistoryTable.SERIES) series.put(name, new JsonArray());
    var nodes = all.getOrDefault(PrometheusExpressions.NODES, new TreeMap<>());
    for (long end : nodes.keySet()) { // a step without a node is a gap
      at.add(end - query.stepSeconds());
      HistoryTable.add(series, "seconds", (double) query.stepSeconds());
      for (var name : HistoryTable.COUNTS) HistoryTable.add(series, name, count(all, name, end));
      for (var name : HistoryTable.GAUGES) HistoryTable.add(series, name, count(all, name, end));
      for (var name : HistoryTable.RATIOS) HistoryTable.add(series, name, value(all, name, end));
      for (var name : HistoryTable.TIMES) addTimes(series, all, name, end);
    }
    return new JsonObject()
        .put("from", query.from().toString())
        .put("to", query.to().toString())
        .put("step_seconds", query.stepSeconds())
        .put("at", at)
        .put("series", series);
  }

  private static void addTimes(
      JsonObject series, Map<String, SortedMap<Long, Double>> all, String column, long end) {
    var counted = COUNTED.get(column);
    HistoryTable.PERCENTILES.forEach(
        (percentile, share) -> {
          var name = HistoryTable.series(column, percentile);
          boolean known =
              counted == null || BucketCounts.hasPercentile(count(all, counted, end), share);
          HistoryTable.add(series, name, known ? value(all, name, end) : null);
        });
  }

  private static @Nullable Double value(
      Map<String, SortedMap<Long, Double>> all, String name, long end) {
    var values = all.get(name);
    return values == null ? null : HistoryTable.rounded(values.get(end));
  }

  private static long count(Map<String, SortedMap<Long, Double>> all, String name, long end) {
    var values = all.get(name);
    var value = values == null ? null : values.get(end);
    return value == null ? 0 : Math.max(0, Math.round(value));
  }

  /** Parses a value; null where it is infinite or no number, such as a ratio of nothing. */
  private static @Nullable Double number(String text) {
    double value =
        switch (text) {
          case "+Inf" -> Double.POSITIVE_INFINITY;
          case "-Inf" -> Double.NEGATIVE_INFINITY;
          default -> Double.parseDouble(text);
        };
    return Double.isFinite(value) ? value : null;
  }

  private static JsonObject totals(JsonObject history, JsonObject answer) {
    var nodes = new TreeSet<String>();
    var failures = new TreeMap<String, Long>();
    var upTo = new TreeMap<Double, Double>(); // predictions by confidence, with those below
    for (var item : results(answer)) {
      var result = (JsonObject) item;
      var labels = result.getJsonObject("metric");
      var value = number(result.getJsonArray("value").getString(1));
      if (value == null) continue;
      switch (labels.getString(PrometheusExpressions.SERIES)) {
        case PrometheusExpressions.NODES -> nodes.add(labels.getString("instance"));
        case PrometheusExpressions.FAILURES -> {
          if (Math.round(value) > 0) failures.put(labels.getString("code"), Math.round(value));
        }
        case PrometheusExpressions.CONFIDENCES -> {
          var bound = number(labels.getString("le"));
          if (bound != null) upTo.put(bound, value);
        }
        default -> throw new IllegalArgumentException("an unknown series");
      }
    }
    var confidences = new JsonArray();
    double below = 0;
    for (var bound : ServiceMetrics.CONFIDENCES) {
      double all = Math.max(below, upTo.getOrDefault(bound, below));
      confidences.add(
          new JsonObject().put("to", bound).put("count", Math.round(all) - Math.round(below)));
      below = all;
    }
    var byCode = new JsonObject();
    failures.entrySet().stream()
        .sorted((a, b) -> Long.compare(b.getValue(), a.getValue()))
        .forEach(one -> byCode.put(one.getKey(), one.getValue()));
    return history
        .put("confidences", confidences)
        .put("nodes", new JsonArray(nodes.stream().toList()))
        .put("failures", byCode);
  }
}
