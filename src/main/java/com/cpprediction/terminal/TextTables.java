package com.cpprediction.terminal;

import static picocli.CommandLine.Help.Column.Overflow.SPAN;

import java.util.List;
import java.util.stream.IntStream;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Help.TextTable;

/**
 * Tables in plain text, of rows with equally many cells. A column is as wide as its longest cell;
 * two spaces separate columns; each row ends with a line break.
 */
public final class TextTables {
  private static final String GAP = "  ";

  private TextTables() {}

  /** A table with all columns aligned left. */
  public static String words(List<List<String>> rows) {
    return layOut(rows, "-");
  }

  /** A table with the first column aligned left and the others aligned right. */
  public static String figures(List<List<String>> rows) {
    return layOut(rows, "");
  }

  private static String layOut(List<List<String>> rows, String alignment) {
    var widths =
        IntStream.range(0, rows.get(0).size())
            .map(i -> rows.stream().mapToInt(row -> row.get(i).length()).max().orElseThrow())
            .map(width -> Math.max(width, 1))
            .toArray();
    var columns = IntStream.of(widths).mapToObj(width -> new Column(width + GAP.length(), 0, SPAN));
    var table =
        TextTable.forColumns(Help.defaultColorScheme(Ansi.OFF), columns.toArray(Column[]::new))
            .setAdjustLineBreaksForWideCJKCharacters(false);
    for (var row : rows) {
      var cells =
          IntStream.range(0, widths.length)
              .mapToObj(
                  i -> ("%" + (i == 0 ? "-" : alignment) + widths[i] + "s").formatted(row.get(i)));
      table.addRowValues(cells.map(cell -> cell + GAP).toArray(String[]::new));
    }
    return table.toString();
  }
}
