package com.cpprediction.history;

import com.cpprediction.history.HistoryTable.Query;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The two expressions that ask Prometheus for the history. Each series has its name in a label, so
 * that one query has them all. A point is evaluated at the end of its step.
 */
final class PrometheusExpressions {
  /** Label with the name of a series. */
  static final String SERIES = "series";

  /** Name of the series that says how many nodes were scraped during a step. */
  static final String NODES = "nodes";

  static final String CONFIDENCES = "confidences";
  static final String FAILURES = "failures";

  /** Shortest time that a rate is of: of two scrapes at least, which are a minute apart at most. */
  private static final int LEAST_WINDOW = 120; // seconds

  /** Counters by series. */
  private static final Map<String, String> COUNTERS =
      Map.of(
          "from_model", "cp_predictions_total{outcome=\"ok\",source=\"model\",%s}",
          "from_cache", "cp_predictions_total{outcome=\"ok\",source=\"cache\",%s}",
          "caller_failures", "cp_failures_total{kind=\"caller\",%s}",
          "service_failures", "cp_failures_total{kind=\"service\",%s}",
          "shed", "cp_shed_total{%s}",
          "corrected", "cp_predictions_corrected_total{%s}");

  /** Gauges by series; those of a node are added up. */
  private static final Map<String, String> GAUGES =
      Map.of(
          "journal_bytes", "cp_journal_bytes{%s}",
          "queued_rows", "cp_db_queue_rows{%s}",
          "pool_in_use", "vertx_pool_in_use{pool_type=\"sql\",%s}",
          "pool_waiting", "vertx_pool_queue_pending{pool_type=\"sql\",%s}",
          "in_flight", "cp_inflight{%s}",
          "heap_bytes", "jvm_memory_used_bytes{area=\"heap\",%s}",
          "resident_bytes", "process_resident_memory_bytes{%s}");

  /** Dividend and divisor, both counters, by series. */
  private static final Map<String, List<String>> RATIOS =
      Map.of(
          "hit_rate", List.of("cache_gets_total{result=\"hit\",%s}", "cache_gets_total{%s}"),
          "confidence", List.of("cp_confidence_sum{%s}", "cp_confidence_count{%s}"),
          "doubt", List.of("cp_pincode_doubt_sum{%s}", "cp_pincode_doubt_count{%s}"));

  /** Buckets of times by their column. */
  private static final Map<String, String> TIMES =
      Map.of(
          "model_times", "cp_prediction_seconds_bucket{source=\"model\",%s}",
          "cache_times", "cp_prediction_seconds_bucket{source=\"cache\",%s}",
          "loop_times", "cp_event_loop_delay_seconds_bucket{%s}");

  private final String job;
  private final String nodes;
  private final Query query;
  private final int step;
  private final int window;

  /**
   * @param job of the nodes, free of quotes
   */
  PrometheusExpressions(String job, Query query) {
    this.job = "job=\"" + job + '"';
    this.query = query;
    nodes = query.node().isEmpty() ? this.job : this.job + ",instance=" + quoted(query.node());
    step = query.stepSeconds();
    window = Math.max(step, LEAST_WINDOW);
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
  }

  /** Seconds since 1970 of the first point: the end of the first whole step. */
  long start() {
    long from = query.from().getEpochSecond();
    return (Math.floorDiv(from - 1, step) + 2) * step;
  }

  /** Seconds since 1970 of the last point. */
  long end() {
    return Math.max(start(), Math.floorDiv(query.to().getEpochSecond(), step) * step);
  }

  /** All series by step. */
  String points() {
    var all = new LinkedHashMap<String, String>();
    all.put(
        NODES,
        "count(count by (instance) (count_over_time(%s[%ds])))"
            .formatted(of("cp_inflight{%s}"), step));
    COUNTERS.forEach((name, counter) -> all.put(name, rate(counter) + " * " + step));
    GAUGES.forEach(
        (name, gauge) ->
            all.put(
                name,
                "max(sum by (instance) (max_over_time(%s[%ds])))".formatted(of(gauge), step)));
    RATIOS.forEach((name, both) -> all.put(name, rate(both.get(0)) + " / " + rate(both.get(1))));
    TIMES.forEach(
        (column, buckets) ->
            HistoryTable.PERCENTILES.forEach(
                (percentile, share) ->
                    all.put(
                        HistoryTable.series(column, percentile),
                        "1000 * histogram_quantile(%s, sum by (le) (rate(%s[%ds])))"
                            .formatted(share, of(buckets), window))));
    return named(all);
  }

  /** Counts of the whole time by confidence and by code, and the nodes. */
  String totals() {
    long seconds = Math.max(1, Duration.between(query.from(), query.to()).toSeconds());
    var all = new LinkedHashMap<String, String>();
    all.put(
        CONFIDENCES,
        "sum by (le) (increase(%s[%ds]))".formatted(of("cp_confidence_bucket{%s}"), seconds));
    all.put(
        FAILURES,
        "sum by (code) (increase(%s[%ds]))".formatted(of("cp_failures_total{%s}"), seconds));
    all.put(
        NODES,
        "count by (instance) (count_over_time(cp_inflight{%s}[%ds]))".formatted(job, seconds));
    return named(all);
  }

  private String of(String selector) {
    return selector.formatted(nodes);
  }

  private String rate(String counter) {
    return "sum(rate(%s[%ds]))".formatted(of(counter), window);
  }

  private static String named(Map<String, String> expressions) {
    var all = new ArrayList<String>();
    expressions.forEach(
        (name, expression) ->
            all.add(
                "label_replace(%s, \"%s\", \"%s\", \"\", \"\")"
                    .formatted(expression, SERIES, name)));
    return String.join(" or ", all);
  }
}
