package com.cpprediction.training;

import com.cpprediction.model.Scorer;
import com.cpprediction.model.Scoring;
import com.cpprediction.prediction.Address;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;

/**
 * How well models answer labelled addresses.
 *
 * @param byPrefix by the three digits of the rows
 */
public record Evaluation(SortedMap<String, JsonObject> byPrefix, JsonObject overall) {
  private static final int BATCH = 100;

  /** The rows that one model answers, in order. */
  private record ModelRows(Scoring scoring, List<LabelledRow> rows) {}

  /**
   * Asks every row and counts the answers, prefixes in parallel.
   *
   * @param scorings finds what answers a pincode; null where nothing does
   * @param done called with the number of rows after each prefix
   */
  public static Evaluation of(
      List<LabelledRow> rows,
      Question question,
      Function<String, Scoring> scorings,
      IntConsumer done) {
    var measures = new ConcurrentHashMap<String, Measure>();
    var byPrefix = rows.stream().collect(Collectors.groupingBy(LabelledRow::prefix));
    byPrefix.entrySet().parallelStream()
        .forEach(
            entry -> {
              measures.put(entry.getKey(), measure(entry.getValue(), question, scorings));
              done.accept(entry.getValue().size());
            });
    var total = new Measure();
    var sorted = new TreeMap<String, JsonObject>();
    for (var entry : new TreeMap<>(measures).entrySet()) {
      total.add(entry.getValue());
      sorted.put(entry.getKey(), entry.getValue().toJson());
    }
    return new Evaluation(sorted, total.toJson());
  }

  private static Measure measure(
      List<LabelledRow> rows, Question question, Function<String, Scoring> scorings) {
    var measure = new Measure();
    var scorer = new Scorer();
    var byModel = new LinkedHashMap<String, ModelRows>(); // by fingerprint
    for (var row : rows) {
      var scoring = scorings.apply(row.pincode());
      if (scoring == null) {
        measure.add(row.cp(), null);
        continue;
      }
      byModel
          .computeIfAbsent(scoring.fingerprint(), f -> new ModelRows(scoring, new ArrayList<>()))
          .rows()
          .add(row);
    }
    byModel.values().forEach(own -> measure(measure, scorer, own.scoring(), own.rows(), question));
    return measure;
  }

  private static void measure(
      Measure measure, Scorer scorer, Scoring scoring, List<LabelledRow> rows, Question question) {
    var trained = scoring.model().index().trainedPincodes();
    for (int start = 0; start < rows.size(); start += BATCH) {
      var asked = new ArrayList<LabelledRow>();
      var addresses = new ArrayList<Address>();
      for (var row : rows.subList(start, Math.min(rows.size(), start + BATCH))) {
        var address = question.ask(row, trained);
        if (address == null) {
          measure.add(row.cp(), null);
        } else {
          asked.add(row);
          addresses.add(address);
        }
      }
      if (addresses.isEmpty()) continue;
      var answers = scorer.score(scoring, addresses);
      for (int i = 0; i < answers.size(); i++) measure.add(asked.get(i).cp(), answers.get(i));
    }
  }
}
