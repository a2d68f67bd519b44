package com.cpprediction.ablation;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Table with a title.
 *
 * @param columns titles; the first column is left-aligned, the others right-aligned
 */
record TextTable(String title, List<String> columns, List<List<String>> rows) {
  TextTable {
    columns = List.copyOf(columns);
    rows = rows.stream().map(List::copyOf).toList();
  }

  /** The table as plain text with its title. */
  String text() {
    var widths =
        IntStream.range(0, columns.size())
            .mapToObj(
                i ->
                    Math.max(
                        columns.get(i).length(),
                        rows.stream().mapToInt(row -> row.get(i).length()).max().orElse(0)))
            .toList();
    var out = new StringBuilder(title).append('\n').append(line(columns, widths));
    rows.forEach(row -> out.append(line(row, widths)));
    return out.toString();
  }

  private static String line(List<String> cells, List<Integer> widths) {
    return IntStream.range(0, cells.size())
            .mapToObj(
                i -> ("%" + (i == 0 ? "-" : "") + widths.get(i) + "s").formatted(cells.get(i)))
            .collect(Collectors.joining("  "))
            .stripTrailing()
        + "\n";
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
