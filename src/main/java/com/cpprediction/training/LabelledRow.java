package com.cpprediction.training;

import com.cpprediction.csv.BadRow;
import com.cpprediction.csv.Columns;
import com.cpprediction.csv.CsvRows;
import java.util.Locale;
import java.util.Set;

/**
 * An address with its CP.
 *
 * @param address as typed, including surrounding spaces
 * @param pincode six digits
 * @param cp code of the CP that delivers there
 */
public record LabelledRow(String address, String pincode, String cp) {
  /** Columns of a file of labelled addresses. */
  static final Columns COLUMNS = Columns.of(Columns.ADDRESS, Columns.PINCODE, Columns.CP_CODE);

  private static final int MAX_CODE = 64;

  /** Exports write these for a value that is absent; in lower case. */
  private static final Set<String> NOTHING =
      Set.of("nan", "null", "none", "na", "n/a", "#n/a", "nil", "undefined", "-", "--", "?", "\\n");

  /**
   * Reads a row; its text is checked by {@link InputRow#canonical}.
   *
   * @throws BadRow when a value is missing or unusable
   */
  static LabelledRow of(CsvRows.Row row) {
    var address = row.address();
    var code = code(row.get(Columns.CP_CODE));
    return new LabelledRow(address, row.pincode(), code);
  }

  /**
   * Checks the code of a CP.
   *
   * @throws BadRow when it is none
   */
  static String code(String code) {
    var lower = code.toLowerCase(Locale.ROOT);
    if (NOTHING.contains(lower)) throw new BadRow("cp_code is \"%s\"".formatted(lower));
    if (code.length() > MAX_CODE || code.indexOf('\n') >= 0) {
      throw new BadRow("cp_code is longer than 64 characters or has a line break");
    }
    return code;
  }

  /** First three digits of the pincode. */
  String prefix() {
    return pincode.substring(0, 3);
  }
}
