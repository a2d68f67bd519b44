package com.cpprediction.loadtest;

import com.cpprediction.csv.Columns;
import com.cpprediction.csv.CsvRows;
import com.cpprediction.csv.InputException;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Address of a test shipment.
 *
 * @param address as sent to the service
 * @param pincode empty for none
 */
public record AddressRow(String address, String pincode) {
  private static final String PACKAGED = "addresses.csv";
  private static final int PREFIX = 3;
  private static final Columns COLUMNS = Columns.of(Columns.ADDRESS).and(Columns.PINCODE);

  /** Two real addresses of most prefixes, from the golden addresses of the shipped release. */
  public static List<AddressRow> packaged() {
    var rows = new ArrayList<AddressRow>();
    var in = Objects.requireNonNull(AddressRow.class.getResourceAsStream(PACKAGED), PACKAGED);
    try (var file = CsvRows.open(PACKAGED, in, COLUMNS)) {
      file.each(row -> rows.add(of(row)));
      return rows;
    }
  }

  /**
   * Reads a CSV file with a column {@code address} and, where known, {@code pincode}. Unusable rows
   * are skipped.
   *
   * @param unusable receives a summary of the unusable rows, line by line
   * @throws InputException when the file can't be read or has no address
   */
  public static List<AddressRow> read(Path file, Consumer<String> unusable) {
    var rows = new ArrayList<AddressRow>();
    var bad = CsvRows.read(file, COLUMNS, row -> rows.add(of(row)));
    bad.report(file).forEach(unusable);
    if (rows.isEmpty()) throw new InputException(file + " has no address");
    return rows;
  }

  /** Prefix of the pincode; empty for none. */
  String prefix() {
    return pincode.length() < PREFIX ? "" : pincode.substring(0, PREFIX);
  }

  /** The same place without its pincode in field or text. */
  AddressRow withoutPincode() {
    return new AddressRow(pincode.isEmpty() ? address : address.replace(pincode, ""), "");
  }

  private static AddressRow of(CsvRows.Row row) {
    return new AddressRow(row.address(), row.pincodeOrEmpty());
  }

  /** A shipment as {@code POST /predict} expects it. */
  public JsonObject shipment(String id) {
    var json = new JsonObject().put("shipment_id", id).put("address", address);
    return pincode.isEmpty() ? json : json.put("pincode", pincode);
  }
}
