package com.cpprediction.training;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.ServiceException;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;

/**
 * Reads a CSV file, plain or {@code .gz}, whose first line names the columns. A row that cannot be
 * used is noted with its line and passed over; a file without the columns is refused.
 */
final class Table {
  /** One row; columns by name. */
  static final class Row {
    private final Map<String, Integer> columns;
    private final CsvRecord record;

    private Row(Map<String, Integer> columns, CsvRecord record) {
      this.columns = columns;
      this.record = record;
    }

    /**
     * @throws IllegalArgumentException when the row has nothing there
     */
    String get(String column) {
      var value = getOrEmpty(column);
      if (value.isEmpty()) throw new IllegalArgumentException(column + " is missing");
      return value;
    }

    /** The value, stripped; empty when the row or the file has none. */
    String getOrEmpty(String column) {
      var at = columns.get(column);
      return at == null || at >= record.getFieldCount() ? "" : record.getField(at).strip();
    }

    /** The column {@code pincode} as six digits. */
    String pincode() {
      try {
        return Address.of("x", get("pincode")).pincode();
      } catch (ServiceException e) {
        throw new IllegalArgumentException("pincode is not six digits");
      }
    }
  }

  /**
   * What could not be used.
   *
   * @param count bad rows
   * @param examples the first of them, each with its line
   */
  record BadRows(long count, List<String> examples) {
    /** A line for {@code file} and the examples, or nothing when there are none. */
    List<String> of(Path file) {
      if (count == 0) return List.of();
      var lines = new ArrayList<String>();
      lines.add("%d rows of %s could not be used".formatted(count, file));
      lines.addAll(examples);
      return lines;
    }
  }

  private static final int EXAMPLES = 10;

  private Table() {}

  /**
   * @param use called for each row; an {@link IllegalArgumentException} it throws makes the row a
   *     bad one
   * @throws InputException when the file cannot be read or lacks one of {@code columns}
   */
  static BadRows read(Path file, List<String> columns, Consumer<Row> use) {
    var examples = new ArrayList<String>();
    long bad = 0;
    try (var in = Files.newInputStream(file);
        var text =
            new InputStreamReader(
                file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in,
                StandardCharsets.UTF_8);
        var reader = CsvReader.builder().skipEmptyLines(true).ofCsvRecord(text)) {
      Map<String, Integer> header = null;
      for (var record : reader) {
        if (header == null) {
          header = header(file, record, columns);
          continue;
        }
        try {
          use.accept(new Row(header, record));
        } catch (IllegalArgumentException e) {
          bad++;
          if (examples.size() < EXAMPLES) {
            examples.add("line %d: %s".formatted(record.getStartingLineNumber(), e.getMessage()));
          }
        }
      }
      if (header == null) throw new InputException(file + " is empty; it needs a header line");
    } catch (NoSuchFileException e) {
      throw new InputException("There is no file " + file);
    } catch (CsvParseException e) {
      throw new InputException(file + " is not CSV: " + e.getMessage());
    } catch (IOException | UncheckedIOException e) {
      var cause = e.getCause() == null ? e : e.getCause();
      throw new InputException("Cannot read " + file + ": " + cause.getMessage());
    }
    return new BadRows(bad, examples);
  }

  private static Map<String, Integer> header(Path file, CsvRecord record, List<String> columns) {
    var header = new HashMap<String, Integer>();
    for (int i = 0; i < record.getFieldCount(); i++) {
      header.putIfAbsent(record.getField(i).replace("\ufeff", "").strip(), i);
    }
    var missing = columns.stream().filter(column -> !header.containsKey(column)).toList();
    if (!missing.isEmpty()) {
      throw new InputException(
          "%s lacks the column %s; its first line must name the columns %s"
              .formatted(file, String.join(", ", missing), String.join(",", columns)));
    }
    return header;
  }
}
