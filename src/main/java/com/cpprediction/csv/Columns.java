package com.cpprediction.csv;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The columns that a command reads, by the names that {@link CsvRows.Row} knows them by.
 *
 * @param required a file without one of them is refused
 * @param optional empty in a file without them
 * @param separator between values; absent where the file tells
 */
public record Columns(List<String> required, List<String> optional, @Nullable Character separator) {
  /** Name of the column with the address as typed. */
  public static final String ADDRESS = "address";

  /** Name of the column with the pincode. */
  public static final String PINCODE = "pincode";

  /** Name of the column with the code of the CP. */
  public static final String CP_CODE = "cp_code";

  public Columns {
    required = List.copyOf(required);
    optional = List.copyOf(optional);
  }

  /** Required columns only. */
  public static Columns of(String... required) {
    return new Columns(List.of(required), List.of(), null);
  }

  /** With further columns that a file may lack. */
  public Columns and(String... optional) {
    return new Columns(
        required, Stream.concat(this.optional.stream(), Stream.of(optional)).toList(), separator);
  }

  /** With further columns that a file may not lack. */
  public Columns require(String... more) {
    return new Columns(
        Stream.concat(required.stream(), Stream.of(more)).toList(), optional, separator);
  }

  /** With {@code separator} between values, absent where the file tells. */
  public Columns separatedBy(@Nullable Character separator) {
    return new Columns(required, optional, separator);
  }

  /** All columns, the required first. */
  public List<String> all() {
    return Stream.concat(required.stream(), optional.stream()).toList();
  }
}
