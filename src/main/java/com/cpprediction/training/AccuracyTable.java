package com.cpprediction.training;

import com.cpprediction.terminal.TextTables;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Figures of {@link AccuracyCounts} as a table in plain text. */
public final class AccuracyTable {
  private AccuracyTable() {}

  /**
   * A table with titles.
   *
   * @param subject title of the first column
   * @param scores figures by the name of their row, in order
   */
  public static String of(String subject, Map<String, JsonObject> scores) {
    var rows = new ArrayList<List<String>>();
    rows.add(List.of(subject, "rows", "answered", "accuracy", "top 3", "ECE"));
    rows.addAll(rows(scores));
    return TextTables.figures(rows);
  }

  /** A table without titles. */
  public static String of(Map<String, JsonObject> scores) {
    return TextTables.figures(rows(scores));
  }

  private static List<List<String>> rows(Map<String, JsonObject> scores) {
    return scores.entrySet().stream().map(e -> row(e.getKey(), e.getValue())).toList();
  }

  private static List<String> row(String name, JsonObject figures) {
    return List.of(
        name,
        figures.getLong("rows").toString(),
        figures.getLong("answered").toString(),
        Shares.percent(figures.getDouble("accuracy")),
        Shares.percent(figures.getDouble("top3")),
        String.format(Locale.ROOT, "%.4f", figures.getDouble("ece")));
  }
}
