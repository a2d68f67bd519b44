package com.cpprediction.training;

import com.cpprediction.terminal.TextTables;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The figures of one question, as JSON and as tables in plain text. */
public final class QuestionReport {
  private static final String ALL = "all";

  private final String label;
  private final AccuracyCounts overall;
  private final @Nullable AccuracyCounts againstOverall;
  private final SortedMap<String, AccuracyCounts> byPrefix;
  private final List<Confusion> confusions;
  private final @Nullable ReleaseComparison comparison;
  private final SortedMap<String, ReleaseComparison> comparisonByPrefix;

  private QuestionReport(
      String label, Evaluation evaluation, @Nullable Evaluation other, int confusions) {
    this.label = label;
    overall = evaluation.counts();
    againstOverall = other == null ? null : other.counts();
    byPrefix = evaluation.countsByPrefix();
    this.confusions = evaluation.confusions(confusions);
    comparison = other == null ? null : evaluation.against(other);
    comparisonByPrefix = other == null ? new TreeMap<>() : evaluation.againstByPrefix(other);
  }

  /**
   * Figures of an evaluation.
   *
   * @param other that of the release to compare with, on the same queries; null for none
   * @param confusions number of confusion pairs at most
   */
  public static QuestionReport of(
      QueryVariant question, Evaluation evaluation, @Nullable Evaluation other, int confusions) {
    return new QuestionReport(question.label(), evaluation, other, confusions);
  }

  /** As {@link #of}, of a question by its name, without confusions. */
  static QuestionReport of(String label, Evaluation evaluation, @Nullable Evaluation other) {
    return new QuestionReport(label, evaluation, other, 0);
  }

  /** Name of the question. */
  public String label() {
    return label;
  }

  /**
   * All figures.
   *
   * @param perPrefix whether to add those of each prefix
   */
  public JsonObject toJson(boolean perPrefix) {
    var json = overall.toFullJson();
    json.put("confusions", new JsonArray(confusions.stream().map(Confusion::toJson).toList()));
    if (comparison != null) json.put("against", comparison.toJson());
    if (!perPrefix) return json;
    var prefixes = new JsonObject();
    byPrefix.forEach(
        (prefix, counts) -> {
          var figures = counts.toJson();
          var compared = comparisonByPrefix.get(prefix);
          if (compared != null) figures.put("against", compared.toJson());
          prefixes.put(prefix, figures);
        });
    return json.put("prefixes", prefixes);
  }

  /** Whether the first CP is surely right less often than that of the other release, if any. */
  boolean isWorse() {
    return comparison != null && comparison.first().interval().high() < 0;
  }

  /** Scores as {@code release.json} has them. */
  JsonObject scores() {
    return overall.toJson();
  }

  /** Scores of the release that is compared with; empty without one. */
  JsonObject againstScores() {
    return againstOverall == null ? new JsonObject() : againstOverall.toJson();
  }

  /** Accuracy and calibration by prefix and of all rows. */
  public String prefixTable() {
    var rows = new LinkedHashMap<String, JsonObject>();
    byPrefix.forEach((prefix, counts) -> rows.put(prefix, counts.toJson()));
    rows.put(ALL, overall.toJson());
    return AccuracyTable.of("prefix", rows);
  }

  /** Accuracy and calibration by question. */
  public static String questionTable(List<QuestionReport> reports) {
    var rows = new LinkedHashMap<String, JsonObject>();
    for (var report : reports) rows.put(report.label, report.overall.toJson());
    return AccuracyTable.of("question", rows);
  }

  /** Two tables, of the first CP and of the top 3, by prefix and of all rows. */
  public String prefixComparison() {
    var rows = new LinkedHashMap<String, ReleaseComparison>(comparisonByPrefix);
    if (comparison != null) rows.put(ALL, comparison);
    return comparisons("prefix", rows);
  }

  /** Two tables, of the first CP and of the top 3, by question. */
  public static String questionComparison(List<QuestionReport> reports) {
    var rows = new LinkedHashMap<String, ReleaseComparison>();
    for (var report : reports) {
      if (report.comparison != null) rows.put(report.label, report.comparison);
    }
    return comparisons("question", rows);
  }

  private static String comparisons(String subject, Map<String, ReleaseComparison> rows) {
    return comparison(subject, "accuracy", rows, ReleaseComparison::first)
        + "\n"
        + comparison(subject, "top 3", rows, ReleaseComparison::top);
  }

  private static String comparison(
      String subject,
      String figure,
      Map<String, ReleaseComparison> comparisons,
      Function<ReleaseComparison, PairedCounts> counts) {
    var rows = new ArrayList<List<String>>();
    rows.add(
        List.of(
            subject,
            "rows",
            figure,
            "against",
            "points",
            "95 % interval",
            "only this",
            "only against"));
    comparisons.forEach((name, comparison) -> rows.add(row(name, counts.apply(comparison))));
    return TextTables.figures(rows);
  }

  private static List<String> row(String name, PairedCounts counts) {
    var interval = counts.interval();
    return List.of(
        name,
        Long.toString(counts.rows()),
        Shares.percent(counts.thisShare()),
        Shares.percent(counts.otherShare()),
        Shares.points(counts.difference()),
        Shares.points(interval.low()) + " to " + Shares.points(interval.high()),
        Long.toString(counts.onlyThis()),
        Long.toString(counts.onlyOther()));
  }

  /** A line with the number of refused rows by failure; empty when there are none. */
  public String refusals() {
    if (overall.refusals().isEmpty()) return "";
    return overall.refusals().entrySet().stream()
        .map(e -> e.getKey().slug() + " " + e.getValue())
        .collect(Collectors.joining(", ", "Refused, and counted as wrong: ", "\n"));
  }

  /** Predicted rows by confidence: number, mean confidence, share right. */
  public String reliabilityTable() {
    var rows = new ArrayList<List<String>>();
    rows.add(List.of("confidence", "rows", "mean", "right"));
    for (var bin : overall.reliability()) {
      rows.add(
          List.of(
              String.format(Locale.ROOT, "%.3f to %.3f", bin.from(), bin.to()),
              Long.toString(bin.rows()),
              Shares.percent(bin.confidence()),
              Shares.percent(bin.right())));
    }
    return TextTables.figures(rows);
  }

  /** Share of rows predicted at a minimum confidence, and share of them right. */
  public String coverageTable() {
    var rows = new ArrayList<List<String>>();
    rows.add(List.of("confidence", "predicted", "right"));
    for (var coverage : overall.coverage()) {
      rows.add(
          List.of(
              String.format(Locale.ROOT, ">= %.2f", coverage.confidence()),
              Shares.percent(coverage.predicted()),
              Shares.percent(coverage.right())));
    }
    return TextTables.figures(rows);
  }

  /** The most frequent pairs of true and predicted CP; empty when there are none. */
  public String confusionTable() {
    if (confusions.isEmpty()) return "";
    var rows = new ArrayList<List<String>>();
    rows.add(List.of("CP", "predicted", "rows"));
    for (var confusion : confusions) {
      rows.add(List.of(confusion.cp(), confusion.predicted(), Long.toString(confusion.rows())));
    }
    return TextTables.figures(rows);
  }
}
