package com.cpprediction.csv;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.ServiceException;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * Reads a CSV file in UTF-8, plain or compressed by gzip, whose first line names the columns. The
 * content tells whether a file is compressed, not its name. A file without the required columns is
 * refused; an unusable row is reported with its line number and skipped.
 */
public final class CsvRows {
  /** Maximum length of an address in characters, as over HTTP. */
  static final int MAX_ADDRESS = 1_000;

  /** Maximum lines of a row; a longer one has an unclosed quote and contains the rows below it. */
  private static final int MAX_LINES = 5;

  private static final int EXAMPLES = 10;
  private static final int BUFFER = 1 << 16;
  private static final Pattern LINE_BREAK = Pattern.compile("\r\n|\r|\n");

  private CsvRows() {}

  /** One row, with columns by name. Immutable. */
  public static final class Row {
    private final Map<String, Integer> columns;
    private final CsvRecord record;

    private Row(Map<String, Integer> columns, CsvRecord record) {
      this.columns = columns;
      this.record = record;
    }

    /**
     * The stripped value.
     *
     * @throws BadRow when it is absent or blank
     */
    public String get(String column) {
      var value = getOrEmpty(column);
      if (value.isEmpty()) throw new BadRow(column + " is missing");
      return value;
    }

    /** The stripped value; empty when the row or the file lacks the column. */
    public String getOrEmpty(String column) {
      return getAsTyped(column).strip();
    }

    /** The value as in the file; empty when the row or the file lacks the column. */
    String getAsTyped(String column) {
      var at = columns.get(column);
      return at == null || at >= record.getFieldCount() ? "" : record.getField(at);
    }

    /**
     * The column {@code address} as typed.
     *
     * @throws BadRow when it is blank or longer than {@value #MAX_ADDRESS} characters
     */
    public String address() {
      var stripped = get("address");
      if (stripped.codePointCount(0, stripped.length()) > MAX_ADDRESS) {
        throw new BadRow("address is longer than %d characters".formatted(MAX_ADDRESS));
      }
      return getAsTyped("address");
    }

    /**
     * The column {@code pincode} as six digits.
     *
     * @throws BadRow when it is not
     */
    public String pincode() {
      try {
        return Objects.requireNonNull(Address.of("x", get("pincode")).pincode());
      } catch (ServiceException e) {
        throw new BadRow("pincode is not six digits");
      }
    }

    /**
     * Finds unclosed quotes.
     *
     * @throws BadRow when the row has more than {@value CsvRows#MAX_LINES} lines
     */
    public void check() {
      long breaks = record.getFields().stream().mapToLong(Row::lineBreaks).sum();
      if (breaks < MAX_LINES) return;
      throw new BadRow(
          "a quote is not closed",
          "a quote opened here is not closed until line " + (line() + breaks));
    }

    /** Number of its first line in the file, from 1. */
    public long line() {
      return record.getStartingLineNumber();
    }

    /** Length of all values in UTF-16 characters. */
    public int length() {
      int length = 0;
      for (int i = 0; i < record.getFieldCount(); i++) length += record.getField(i).length();
      return length;
    }

    private static long lineBreaks(String field) {
      return field.indexOf('\n') < 0 && field.indexOf('\r') < 0
          ? 0
          : LINE_BREAK.matcher(field).results().count();
    }
  }

  /**
   * Unusable rows of a file.
   *
   * @param examples the first ten, each with line number and fault
   */
  public record BadRows(long count, List<String> examples) {
    /** A summary line for {@code file}, then the examples; empty without bad rows. */
    public List<String> report(Path file) {
      if (count == 0) return List.of();
      var lines = new ArrayList<String>();
      lines.add("%d rows of %s could not be used".formatted(count, file));
      lines.addAll(examples);
      return lines;
    }
  }

  /**
   * Reads the usable rows.
   *
   * @param use called for each row; a {@link BadRow} it throws marks the row as unusable
   * @throws InputException when the file cannot be read or lacks one of {@code columns}
   */
  public static BadRows read(Path file, List<String> columns, Consumer<Row> use) {
    var examples = new ArrayList<String>();
    var bad = new LongAdder();
    each(
        file,
        columns,
        row -> {
          try {
            row.check();
            use.accept(row);
          } catch (BadRow e) {
            bad.increment();
            if (examples.size() < EXAMPLES) {
              examples.add("line %d: %s".formatted(row.line(), e.getMessage()));
            }
          }
        });
    return new BadRows(bad.sum(), examples);
  }

  /**
   * Reads all rows, without {@link Row#check}.
   *
   * @throws InputException when the file cannot be read or lacks one of {@code columns}
   */
  public static void each(Path file, List<String> columns, Consumer<Row> use) {
    each(file, columns, bytes -> {}, use);
  }

  /**
   * As {@link #each(Path, List, Consumer)}.
   *
   * @param progress called with the number of bytes of each piece read from the file, as compressed
   */
  public static void each(
      Path file, List<String> columns, LongConsumer progress, Consumer<Row> use) {
    open(file, progress, in -> each(file.toString(), in, columns, use));
  }

  /**
   * Checks the first line of a file.
   *
   * @throws InputException when the file cannot be read or lacks one of {@code columns}
   */
  public static void checkHeader(Path file, List<String> columns) {
    open(
        file,
        bytes -> {},
        in -> {
          try (var reader = reader(new InputStreamReader(in, strictUtf8()))) {
            var first = reader.iterator();
            if (!first.hasNext()) throw empty(file.toString());
            header(file.toString(), first.next(), columns);
          } catch (CsvParseException e) {
            throw notCsv(file.toString(), e);
          }
        });
  }

  private interface Reading {
    void of(InputStream in) throws IOException;
  }

  private static void open(Path file, LongConsumer progress, Reading reading) {
    if (Files.isDirectory(file)) throw new InputException(file + " is a directory; name a file");
    try (var in = Files.newInputStream(file)) {
      reading.of(uncompressed(new Counted(in, progress)));
    } catch (NoSuchFileException e) {
      throw new InputException("There is no file " + file);
    } catch (IOException e) {
      throw cannotRead(file, e);
    } catch (UncheckedIOException e) {
      throw cannotRead(file, Objects.requireNonNull(e.getCause()));
    }
  }

  /**
   * Reads all rows of an uncompressed stream, without {@link Row#check}. Closes it.
   *
   * @param name of the source, for error messages
   * @throws InputException when it is not CSV or lacks one of {@code columns}
   */
  public static void each(String name, InputStream in, List<String> columns, Consumer<Row> use)
      throws IOException {
    try (var text = new InputStreamReader(in, strictUtf8());
        var reader = reader(text)) {
      Map<String, Integer> header = null;
      for (var record : reader) {
        if (header == null) header = header(name, record, columns);
        else use.accept(new Row(header, record));
      }
      if (header == null) throw empty(name);
    } catch (CsvParseException e) {
      throw notCsv(name, e);
    }
  }

  private static InputException empty(String name) {
    return new InputException(name + " is empty; it needs a header line");
  }

  private static InputException notCsv(String name, CsvParseException e) {
    var cause = e.getCause() == null ? "" : ": " + e.getCause().getMessage();
    return new InputException(
        name + " is not CSV: " + e.getMessage() + cause + "; write a quote in a value twice");
  }

  private static CsvReader<CsvRecord> reader(Reader text) {
    return CsvReader.builder().allowExtraFields(true).allowMissingFields(true).ofCsvRecord(text);
  }

  private static InputStream uncompressed(InputStream in) throws IOException {
    var buffered = new BufferedInputStream(in, BUFFER);
    buffered.mark(2);
    boolean gzip = buffered.read() == 0x1f && buffered.read() == 0x8b; // RFC 1952
    buffered.reset();
    return gzip ? new GZIPInputStream(buffered, BUFFER) : buffered;
  }

  /** Reports the bytes read. */
  private static final class Counted extends FilterInputStream {
    private final LongConsumer progress;

    Counted(InputStream in, LongConsumer progress) {
      super(in);
      this.progress = progress;
    }

    @Override
    public int read() throws IOException {
      int read = super.read();
      if (read >= 0) progress.accept(1);
      return read;
    }

    @Override
    public int read(byte[] into, int at, int length) throws IOException {
      int read = super.read(into, at, length);
      if (read > 0) progress.accept(read);
      return read;
    }
  }

  private static CharsetDecoder strictUtf8() {
    return StandardCharsets.UTF_8
        .newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT);
  }

  private static InputException cannotRead(Path file, IOException cause) {
    if (cause instanceof CharacterCodingException) {
      return new InputException(file + " is not UTF-8; convert it to UTF-8");
    }
    if (cause instanceof AccessDeniedException) {
      return new InputException("Cannot read " + file + ": permission denied");
    }
    if (cause instanceof EOFException) {
      return new InputException("Cannot read " + file + ": the compressed file ends too early");
    }
    return new InputException("Cannot read " + file + ": " + cause.getMessage());
  }

  private static Map<String, Integer> header(String name, CsvRecord record, List<String> columns) {
    var header = new HashMap<String, Integer>();
    for (int i = 0; i < record.getFieldCount(); i++) {
      header.putIfAbsent(record.getField(i).replace("\ufeff", "").strip(), i);
    }
    var missing = columns.stream().filter(column -> !header.containsKey(column)).toList();
    if (!missing.isEmpty()) {
      throw new InputException(
          "%s lacks the column %s; its first line must name the columns %s"
              .formatted(name, String.join(", ", missing), String.join(",", columns)));
    }
    return header;
  }
}
