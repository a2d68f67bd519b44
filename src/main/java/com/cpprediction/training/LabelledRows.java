package com.cpprediction.training;

import com.cpprediction.csv.BadRow;
import com.cpprediction.csv.CsvRows;
import com.cpprediction.csv.InputException;
import com.cpprediction.prediction.Address;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Labelled addresses of a file.
 *
 * @param rows usable rows, in the order of the file
 * @param bad number of unusable rows
 * @param badExamples the first unusable rows, each with line number and fault
 */
public record LabelledRows(List<LabelledRow> rows, long bad, List<String> badExamples) {
  private static final int MAX_CODE = 64;

  /**
   * Reads a CSV file, plain or {@code .gz}, with the columns {@code address,pincode,cp_code}.
   *
   * @throws InputException when it cannot be read, lacks a column or has no usable row
   */
  public static LabelledRows read(Path file) {
    var rows = new ArrayList<LabelledRow>();
    var bad =
        CsvRows.read(
            file, List.of("address", "pincode", "cp_code"), row -> rows.add(labelled(row)));
    if (rows.isEmpty()) {
      var first = bad.examples().isEmpty() ? "" : "; " + bad.examples().get(0);
      throw new InputException(file + " has no usable row" + first);
    }
    return new LabelledRows(List.copyOf(rows), bad.count(), bad.examples());
  }

  private static LabelledRow labelled(CsvRows.Row row) {
    var address = row.address();
    var code = row.get("cp_code");
    if (Address.canonical(address).isEmpty()) {
      throw new BadRow("address has no letter or digit");
    }
    if (code.length() > MAX_CODE || code.indexOf('\n') >= 0) {
      throw new BadRow("cp_code is longer than 64 characters or has a line break");
    }
    return new LabelledRow(address, row.pincode(), code);
  }
}
