package com.cpprediction.bulk;

import com.cpprediction.csv.AddedColumns;
import com.cpprediction.csv.BadRow;
import com.cpprediction.csv.Columns;
import com.cpprediction.csv.CsvRows;
import com.cpprediction.csv.CsvText;
import com.cpprediction.csv.NumberedLines;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A file of shipments, CSV or lines of JSON, and the form of its results, one for each line, in the
 * same format. Used by one thread.
 */
abstract class BulkInput implements AutoCloseable {
  private static final String SHIPMENT = "shipment_id";

  /**
   * Opens a file.
   *
   * @param separator between values of CSV; absent where the file tells
   * @param progress called with the number of bytes of each piece read from the file, as compressed
   * @throws com.cpprediction.csv.InputException when it can't be read, or lacks an address
   */
  static BulkInput open(Path file, @Nullable Character separator, LongConsumer progress) {
    return NumberedLines.isNdjson(file)
        ? new Json(NumberedLines.open(file, progress))
        : new Csv(CsvRows.open(file, Csv.COLUMNS.separatedBy(separator), progress));
  }

  /** What stands before the results; empty for nothing. */
  abstract String header();

  /** Reads all lines with a shipment, with the ids of {@code ids} where they have none. */
  abstract void each(BulkIds ids, Consumer<BulkLine> use);

  /** The result of a line: {@code result} of the service, or its own fault. */
  abstract String result(BulkLine line, JsonObject result);

  /** Faults of the file that leave its lines usable. */
  abstract List<String> notes();

  @Override
  public abstract void close();

  private static final class Csv extends BulkInput {
    static final Columns COLUMNS = Columns.of(Columns.ADDRESS).and(Columns.PINCODE, SHIPMENT);

    private static final List<String> OWN =
        List.of(
            "cp",
            "confidence",
            "cp2",
            "confidence2",
            "cp3",
            "confidence3",
            "prediction_id",
            "problem",
            "reason");
    private static final int ALTERNATIVES = 2;

    private final CsvRows rows;
    private final CsvText text;

    Csv(CsvRows rows) {
      this.rows = rows;
      text = new CsvText(rows.form());
    }

    @Override
    String header() {
      return text.header(AddedColumns.behind(rows.names(), OWN));
    }

    @Override
    void each(BulkIds ids, Consumer<BulkLine> use) {
      rows.each(row -> use.accept(line(row, ids)));
    }

    private static BulkLine line(CsvRows.Row row, BulkIds ids) {
      try {
        row.check();
        var shipment =
            new JsonObject().put(SHIPMENT, row.getOrEmpty(SHIPMENT)).put("address", row.address());
        var pincode = row.pincodeOrEmpty();
        if (!pincode.isEmpty()) shipment.put("pincode", pincode);
        return new BulkLine(row.line(), row.values(), identified(shipment, row.line(), ids), null);
      } catch (BadRow e) {
        return new BulkLine(row.line(), row.values(), null, String.valueOf(e.getMessage()));
      }
    }

    @Override
    String result(BulkLine line, JsonObject result) {
      var cells = new ArrayList<>(line.cells());
      var error = result.getJsonObject("error");
      if (error == null) {
        add(cells, result);
        var alternatives = result.getJsonArray("alternatives", new JsonArray());
        for (int i = 0; i < ALTERNATIVES; i++) {
          if (i < alternatives.size()) add(cells, alternatives.getJsonObject(i));
          else cells.addAll(List.of("", ""));
        }
        cells.addAll(List.of(result.getString("prediction_id"), "", ""));
      } else {
        while (cells.size() < line.cells().size() + OWN.size() - 2) cells.add("");
        cells.add(error.getString("code", ""));
        cells.add(error.getString("detail", ""));
      }
      return text.row(cells);
    }

    private static void add(List<String> cells, JsonObject candidate) {
      cells.add(candidate.getString("cp"));
      cells.add(String.format(Locale.ROOT, "%.6f", candidate.getDouble("confidence")));
    }

    @Override
    List<String> notes() {
      return rows.notes();
    }

    @Override
    public void close() {
      rows.close();
    }
  }

  private static final class Json extends BulkInput {
    private final NumberedLines lines;

    Json(NumberedLines lines) {
      this.lines = lines;
    }

    @Override
    String header() {
      return "";
    }

    @Override
    void each(BulkIds ids, Consumer<BulkLine> use) {
      lines.each(
          (number, text) -> {
            if (!text.isBlank()) use.accept(line(number, text, ids));
          });
    }

    private static BulkLine line(long number, String text, BulkIds ids) {
      JsonObject shipment = null;
      try {
        shipment = identified(new JsonObject(text), number, ids);
      } catch (DecodeException e) {
        return new BulkLine(number, List.of(), null, "is no JSON object");
      }
      return new BulkLine(number, List.of(), shipment, null);
    }

    @Override
    String result(BulkLine line, JsonObject result) {
      return new JsonObject().put("line", line.number()).mergeIn(result).encode() + '\n';
    }

    @Override
    List<String> notes() {
      return lines.notes();
    }

    @Override
    public void close() {
      lines.close();
    }
  }

  private static JsonObject identified(JsonObject shipment, long line, BulkIds ids) {
    if (isAbsent(shipment.getValue(SHIPMENT))) shipment.put(SHIPMENT, ids.shipmentId(line));
    if (isAbsent(shipment.getValue("prediction_id"))) {
      shipment.put("prediction_id", ids.predictionId(line).toString());
    }
    return shipment;
  }

  private static boolean isAbsent(@Nullable Object value) {
    return value == null || value instanceof String text && text.isBlank();
  }
}
