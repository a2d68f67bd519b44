package com.cpprediction.training;

import com.cpprediction.prediction.ServiceException;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntConsumer;

/**
 * Predictions of a release for one question on labelled addresses. The counts are made in the order
 * of the rows, so that they don't depend on threads. Immutable.
 */
public final class Evaluation {
  /** Rows of a prefix that one task predicts. */
  private static final int TASK = 1_000;

  private static final Comparator<Confusion> MOST_FREQUENT =
      Comparator.comparingLong(Confusion::rows)
          .reversed()
          .thenComparing(Confusion::cp)
          .thenComparing(Confusion::predicted);

  private final List<LabelledRow> rows;
  private final RowResult[] results;

  private Evaluation(List<LabelledRow> rows, RowResult[] results) {
    this.rows = rows;
    this.results = results;
  }

  /**
   * Predicts every row, on all processors.
   *
   * @param pool where wrong pincodes are drawn from; releases that are compared share one
   * @param done called on several threads with numbers of further predicted rows
   */
  public static Evaluation of(
      List<LabelledRow> rows,
      QueryVariant variant,
      PincodePool pool,
      EvaluatedRelease release,
      IntConsumer done) {
    return of(rows, rows.stream().map(row -> variant.query(row, pool)).toList(), release, done);
  }

  /**
   * As {@link #of(List, QueryVariant, PincodePool, EvaluatedRelease, IntConsumer)}, with the query
   * of each row.
   */
  static Evaluation of(
      List<LabelledRow> rows, List<Query> queries, EvaluatedRelease release, IntConsumer done) {
    var results = new RowResult[rows.size()];
    var fitted = release.fitted(queries);
    tasks(rows).parallelStream()
        .forEach(
            task -> {
              var predictor = fitted.predictor();
              for (int i : task) {
                results[i] = result(rows.get(i).cp(), queries.get(i), predictor);
              }
              done.accept(task.size());
            });
    return new Evaluation(rows, results);
  }

  /** Indices of the rows, those of one prefix together: they use the same model. */
  private static List<List<Integer>> tasks(List<LabelledRow> rows) {
    var byPrefix = new TreeMap<String, List<Integer>>();
    for (int i = 0; i < rows.size(); i++) {
      byPrefix.computeIfAbsent(rows.get(i).prefix(), p -> new ArrayList<>()).add(i);
    }
    var tasks = new ArrayList<List<Integer>>();
    for (var indices : byPrefix.values()) {
      for (int start = 0; start < indices.size(); start += TASK) {
        tasks.add(indices.subList(start, Math.min(indices.size(), start + TASK)));
      }
    }
    return tasks;
  }

  private static RowResult result(
      String cp, Query query, EvaluatedRelease.QueryPredictor predictor) {
    try {
      return RowResult.of(cp, predictor.predict(query));
    } catch (ServiceException e) {
      return RowResult.refused(e.failure());
    }
  }

  /** Rows, answered rows, accuracy, top 3 and calibration error of all rows. */
  public JsonObject overall() {
    return counts().toJson();
  }

  /** As {@link #overall}, by the three-digit prefix of the rows' pincodes. */
  public SortedMap<String, JsonObject> byPrefix() {
    var json = new TreeMap<String, JsonObject>();
    countsByPrefix().forEach((prefix, counts) -> json.put(prefix, counts.toJson()));
    return json;
  }

  AccuracyCounts counts() {
    var counts = new AccuracyCounts();
    for (var result : results) counts.add(result);
    return counts;
  }

  SortedMap<String, AccuracyCounts> countsByPrefix() {
    var counts = new TreeMap<String, AccuracyCounts>();
    for (int i = 0; i < results.length; i++) {
      counts.computeIfAbsent(rows.get(i).prefix(), p -> new AccuracyCounts()).add(results[i]);
    }
    return counts;
  }

  /**
   * The pairs of true and predicted CP with the most wrong rows, most frequent first, then by code.
   *
   * @param most number of pairs to return at most
   */
  List<Confusion> confusions(int most) {
    var counts = new HashMap<Map.Entry<String, String>, Long>();
    for (int i = 0; i < results.length; i++) {
      var predicted = results[i].predicted();
      if (predicted == null || results[i].right()) continue;
      counts.merge(Map.entry(rows.get(i).cp(), predicted), 1L, Long::sum);
    }
    return counts.entrySet().stream()
        .map(e -> new Confusion(e.getKey().getKey(), e.getKey().getValue(), e.getValue()))
        .sorted(MOST_FREQUENT)
        .limit(most)
        .toList();
  }

  /**
   * Compares with another release on the same rows and question.
   *
   * @throws IllegalArgumentException when {@code other} has other rows
   */
  ReleaseComparison against(Evaluation other) {
    requireSameRows(other);
    var comparison = new ReleaseComparison();
    for (int i = 0; i < results.length; i++) comparison.add(results[i], other.results[i]);
    return comparison;
  }

  /** As {@link #against}, by the three-digit prefix of the rows' pincodes. */
  SortedMap<String, ReleaseComparison> againstByPrefix(Evaluation other) {
    requireSameRows(other);
    var comparisons = new TreeMap<String, ReleaseComparison>();
    for (int i = 0; i < results.length; i++) {
      comparisons
          .computeIfAbsent(rows.get(i).prefix(), p -> new ReleaseComparison())
          .add(results[i], other.results[i]);
    }
    return comparisons;
  }

  private void requireSameRows(Evaluation other) {
    if (!rows.equals(other.rows)) throw new IllegalArgumentException("the rows differ");
  }
}
