package com.cpprediction.ablation;

import com.cpprediction.terminal.TextTables;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A table of a report.
 *
 * @param columns titles of the columns
 */
record ReportTable(String title, List<String> columns, List<List<String>> rows) {
  ReportTable {
    columns = List.copyOf(columns);
    rows = rows.stream().map(List::copyOf).toList();
  }

  /** The table as plain text with its title. */
  String text() {
    return title
        + '\n'
        + TextTables.figures(Stream.concat(Stream.of(columns), rows.stream()).toList());
  }

  /** The table as Markdown without its title. */
  String markdown() {
    var out = new StringBuilder(markdown(columns));
    out.append("|").append("---|".repeat(columns.size())).append('\n');
    rows.forEach(row -> out.append(markdown(row)));
    return out.toString();
  }

  private static String markdown(List<String> cells) {
    return cells.stream()
        .map(cell -> cell.replace("|", "\\|"))
        .collect(Collectors.joining(" | ", "| ", " |\n"));
  }
}
