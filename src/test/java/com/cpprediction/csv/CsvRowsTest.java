package com.cpprediction.csv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvRowsTest {
  private static final Columns COLUMNS = Columns.of("address").and("pincode");
  private static final String ROWS =
      "\ufeffaddress,pincode\n  MG Road ,560001\n\n,560017\nMall,1\n";

  @TempDir private Path directory;

  private final List<String> read = new ArrayList<>();

  @Test
  void readsPlainAndCompressedFilesAlike() throws IOException {
    var plain = Files.writeString(directory.resolve("rows.csv"), ROWS);
    var compressed = directory.resolve("rows.csv.gz");
    try (var out = new GZIPOutputStream(Files.newOutputStream(compressed))) {
      out.write(ROWS.getBytes(StandardCharsets.UTF_8));
    }

    for (var file : List.of(plain, compressed)) {
      var bad = CsvRows.read(file, COLUMNS, this::keep);

      assertThat(read).containsExactly("  MG Road |560001");
      assertThat(bad.report(file))
          .containsExactly(
              "2 rows of %s could not be used".formatted(file),
              "line 4: address is missing",
              "line 5: pincode is not six digits");
      read.clear();
    }
  }

  private void keep(CsvRows.Row row) {
    read.add(row.address() + "|" + row.pincode());
  }

  @Test
  void refusesAMissingFileAMissingColumnAndAnEmptyFile() throws IOException {
    var other = Files.writeString(directory.resolve("other.csv"), "street\nx\n");
    var empty = Files.writeString(directory.resolve("empty.csv"), "");
    var none = directory.resolve("none.csv");

    assertThatThrownBy(() -> CsvRows.open(none, COLUMNS))
        .isInstanceOf(InputException.class)
        .hasMessage("There is no file " + none);
    assertThatThrownBy(() -> CsvRows.open(other, COLUMNS))
        .isInstanceOf(InputException.class)
        .hasMessage(
            other
                + " lacks the column address: its first line has \"street\"; it must name the column"
                + " address");
    assertThatThrownBy(() -> CsvRows.open(empty, COLUMNS))
        .isInstanceOf(InputException.class)
        .hasMessage(empty + " is empty; it needs a header line");
  }

  @Test
  void theContentTellsWhetherAFileIsCompressed() throws IOException {
    var plain = Files.writeString(directory.resolve("rows.csv.gz"), ROWS);
    var compressed = directory.resolve("rows.csv");
    try (var out = Files.newOutputStream(compressed)) {
      for (var part : List.of(ROWS, "Ridge,171001\n")) { // members, as of two files joined
        var gzip = new GZIPOutputStream(out);
        gzip.write(part.getBytes(StandardCharsets.UTF_8));
        gzip.finish();
      }
    }
    var bytes = new AtomicLong();

    CsvRows.read(plain, COLUMNS, this::keep);
    assertThat(read).containsExactly("  MG Road |560001");
    try (var rows = CsvRows.open(compressed, COLUMNS, bytes::addAndGet)) {
      rows.each(row -> read.add(row.line() + ""));
    }
    assertThat(read.subList(1, read.size())).containsExactly("2", "4", "5", "6");
    assertThat(bytes).hasValue(Files.size(compressed));
  }

  @Test
  void refusesACompressedFileThatEndsTooEarly() throws IOException {
    var file = directory.resolve("rows.csv.gz");
    try (var out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(ROWS.getBytes(StandardCharsets.UTF_8));
    }
    var whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length - 9));

    assertThatThrownBy(() -> CsvRows.read(file, COLUMNS, this::keep))
        .isInstanceOf(InputException.class)
        .hasMessage("Cannot read " + file + ": the compressed file ends too early");
  }

  @Test
  void checksAHeaderWithoutTheRows() throws IOException {
    var file = Files.writeString(directory.resolve("rows.csv"), "address,time\n\"a\"b\n");

    CsvRows.checkHeader(file, COLUMNS);
    assertThatThrownBy(() -> CsvRows.checkHeader(file, Columns.of("cp_code")))
        .isInstanceOf(InputException.class)
        .hasMessage(
            file
                + " lacks the column cp_code: its first line has \"address\", \"time\"; it must name the"
                + " column cp_code");
  }

  @Test
  void theSeparatorThatIsAskedForGoesBeforeThatOfTheFile() throws IOException {
    var file = directory.resolve("rows.csv");
    var columns = COLUMNS.separatedBy('^');

    Files.writeString(file, "address^pincode\n4, MG Road^560001\n");
    CsvRows.read(file, columns, this::keep);
    Files.writeString(file, "sep=;\naddress^pincode\n\"Mall^; 5\"^560017\n");
    CsvRows.read(file, columns, this::keep);

    assertThat(read).containsExactly("4, MG Road|560001", "Mall^; 5|560017");
    assertThatThrownBy(() -> CsvRows.open(file, COLUMNS)).isInstanceOf(InputException.class);
    assertThat(columns.and("time").require("cp_code").separator()).isEqualTo('^');
  }

  @Test
  void passesOnOtherExceptions() throws IOException {
    var file = Files.writeString(directory.resolve("rows.csv"), ROWS);

    assertThatThrownBy(
            () ->
                CsvRows.read(
                    file,
                    COLUMNS,
                    row -> {
                      throw new IllegalArgumentException("a fault");
                    }))
        .hasMessage("a fault");
  }
}
