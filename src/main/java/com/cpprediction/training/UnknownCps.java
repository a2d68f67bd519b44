package com.cpprediction.training;

import com.cpprediction.csv.InputException;
import com.cpprediction.terminal.Plurals;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Labels of an evaluation that no CP of the release bears; their rows count as wrong.
 *
 * @param release name of the release in messages
 * @param total number of all rows
 * @param rows number of rows with such a label
 * @param labels most frequent first, then by code
 */
public record UnknownCps(String release, long total, long rows, List<Label> labels) {
  private static final int NAMED = 10;

  public UnknownCps {
    labels = List.copyOf(labels);
  }

  /** A label and the number of its rows. */
  public record Label(String cp, long rows) {
    JsonObject toJson() {
      return new JsonObject().put("cp", cp).put("rows", rows);
    }
  }

  /**
   * Finds the unknown labels.
   *
   * @param name of the release in messages
   * @throws InputException when all are
   */
  public static UnknownCps of(List<LabelledRow> rows, Set<String> cps, String name) {
    var counts = new TreeMap<String, Long>();
    for (var row : rows) {
      if (!cps.contains(row.cp())) counts.merge(row.cp(), 1L, Long::sum);
    }
    var labels =
        counts.entrySet().stream()
            .sorted((a, b) -> Long.compare(b.getValue(), a.getValue())) // stable: then by code
            .map(e -> new Label(e.getKey(), e.getValue()))
            .toList();
    long unknown = labels.stream().mapToLong(Label::rows).sum();
    var found = new UnknownCps(name, rows.size(), unknown, labels);
    if (unknown == 0 || unknown < rows.size()) return found;
    throw new InputException(
        found.sentence()
            + ", such as \"%s\"; its codes are such as \"%s\". Name the release that was trained on"
                .formatted(labels.get(0).cp(), cps.stream().min(String::compareTo).orElse(""))
            + " these CPs, or put its codes into the column cp_code");
  }

  private String sentence() {
    return "%d of %s %s a CP that %s lacks"
        .formatted(rows, Plurals.count(total, "row"), rows == 1 ? "names" : "name", release);
  }

  /** A line that counts and names them; empty when there are none. */
  public String describe() {
    if (rows == 0) return "";
    var named =
        labels.stream()
            .limit(NAMED)
            .map(label -> "%s (%d)".formatted(label.cp(), label.rows()))
            .collect(Collectors.joining(", "));
    var more = labels.size() > NAMED ? " and %d more".formatted(labels.size() - NAMED) : "";
    return "%s, and %s as wrong: %s%s"
        .formatted(sentence(), rows == 1 ? "counts" : "count", named, more);
  }

  /** Rows and all labels. */
  public JsonObject toJson() {
    return new JsonObject()
        .put("rows", rows)
        .put("cps", new JsonArray(labels.stream().map(Label::toJson).toList()));
  }
}
