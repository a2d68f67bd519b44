package com.cpprediction.loadtest;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * Where a shipment goes.
 *
 * @param pincode empty when there is none
 */
public record Place(String address, String pincode) {
  private static final String ADDRESS = "address";
  private static final String PINCODE = "pincode";
  private static final String PACKAGED = "addresses.csv";

  /** Two real ones of most prefixes, from the golden addresses of the shipped release. */
  public static List<Place> packaged() {
    try (var in = Place.class.getResourceAsStream(PACKAGED)) {
      return read(new InputStreamReader(in, StandardCharsets.UTF_8), PACKAGED);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * @param file CSV, plain or {@code .gz}, with a column {@code address} and, where known, {@code
   *     pincode}
   * @throws LoadTestException when it can't be read or has no address
   */
  public static List<Place> read(Path file) {
    try (var in = Files.newInputStream(file)) {
      InputStream plain = file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in;
      return read(new InputStreamReader(plain, StandardCharsets.UTF_8), file.toString());
    } catch (NoSuchFileException e) {
      throw new LoadTestException("There is no file " + file, e);
    } catch (IOException | UncheckedIOException | CsvParseException e) {
      throw new LoadTestException("Cannot read %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  private static List<Place> read(Reader text, String name) throws IOException {
    var places = new ArrayList<Place>();
    try (var rows =
        CsvReader.builder()
            .allowExtraFields(true)
            .allowMissingFields(true)
            .ofNamedCsvRecord(text)) {
      for (NamedCsvRecord row : rows) {
        var address =
            row.findField(ADDRESS)
                .orElseThrow(() -> new LoadTestException(name + " has no column " + ADDRESS, null));
        if (!address.isBlank()) {
          places.add(new Place(address, row.findField(PINCODE).orElse("")));
        }
      }
    }
    if (places.isEmpty()) throw new LoadTestException(name + " has no address", null);
    return places;
  }
}
