package com.cpprediction.training;

import com.cpprediction.csv.CsvRows;
import com.cpprediction.csv.InputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Labelled addresses of a file, in memory.
 *
 * @param rows usable rows, in the order of the file
 * @param bad number of unusable rows
 * @param badExamples the first unusable rows, each with line number and fault
 * @param notes as {@link CsvRows#notes}
 */
public record LabelledRows(
    List<LabelledRow> rows, long bad, List<String> badExamples, List<String> notes) {
  /**
   * Reads a CSV file with the columns {@code address,pincode,cp_code}.
   *
   * @throws InputException when it cannot be read, lacks a column or has no usable row
   */
  public static LabelledRows read(Path file) {
    return read(file, null);
  }

  /**
   * As {@link #read(Path)}.
   *
   * @param separator between values; absent where the file tells
   */
  public static LabelledRows read(Path file, @Nullable Character separator) {
    var rows = new ArrayList<LabelledRow>();
    var bad =
        CsvRows.read(
            file,
            LabelledRow.COLUMNS.separatedBy(separator),
            row -> {
              var labelled = LabelledRow.of(row);
              InputRow.canonical(labelled.address());
              rows.add(labelled);
            });
    if (rows.isEmpty()) {
      var first = bad.examples().isEmpty() ? "" : "; " + bad.examples().get(0);
      throw new InputException(file + " has no usable row" + first);
    }
    return new LabelledRows(List.copyOf(rows), bad.count(), bad.examples(), bad.notes());
  }
}
