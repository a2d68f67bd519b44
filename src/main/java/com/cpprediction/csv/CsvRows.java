package com.cpprediction.csv;

import java.io.EOFException;
import java.io.FileInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import java.util.zip.ZipException;

/**
 * Reads a CSV file whose first line names the columns, as spreadsheet programs and people write it:
 * see {@link TextLines} for its encoding, {@link Records} for its quotes, {@link Header} for its
 * columns. Values are separated by commas, semicolons, tabs or bars; a first line {@code sep=;}
 * tells, else the names of the columns do, unless the reader names another. A file without the
 * required columns, or of another format, is refused; an unusable row is reported with its line
 * number. Used by one thread.
 */
public final class CsvRows implements AutoCloseable {
  /** Maximum length of an address in characters, as over HTTP. */
  static final int MAX_ADDRESS = 1_000;

  private static final int EXAMPLES = 10;
  private static final String SEPARATORS = ",;\t|";
  private static final Pattern SEPARATOR_LINE =
      Pattern.compile("(?i)\"?sep=([^\"]|\\\\t)\"?[,;\t|]*");

  private final String name;
  private final TextLines lines;
  private final Records records;
  private final Header header;
  private final char separator;
  private long open;
  private long firstOpen;

  private CsvRows(String name, TextLines lines, Records records, Header header, char separator) {
    this.name = name;
    this.lines = lines;
    this.records = records;
    this.header = header;
    this.separator = separator;
  }

  /** One row, with columns by name. Immutable. */
  public static final class Row {
    private final Header header;
    private final Records.Parsed record;
    private final char separator;

    private Row(Header header, Records.Parsed record, char separator) {
      this.header = header;
      this.record = record;
      this.separator = separator;
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
      int at = header.at(column);
      return at < 0 || at >= record.values().size() ? "" : record.values().get(at);
    }

    /**
     * As many values as the header has columns, as in the file; the last one has those that belong
     * to no column, too.
     */
    public List<String> values() {
      var values = record.values();
      int columns = header.names().size();
      if (values.size() == columns) return values;
      var filled = new ArrayList<>(values.subList(0, Math.min(columns, values.size())));
      if (isSurplus()) {
        var last = values.subList(columns - 1, values.size());
        filled.set(columns - 1, String.join(Character.toString(separator), last));
      }
      while (filled.size() < columns) filled.add("");
      return filled;
    }

    /**
     * The column {@code address} as typed.
     *
     * @throws BadRow when it is blank or longer than {@value #MAX_ADDRESS} characters
     */
    public String address() {
      var stripped = get(Columns.ADDRESS);
      if (stripped.codePointCount(0, stripped.length()) > MAX_ADDRESS) {
        throw new BadRow("address is longer than %d characters".formatted(MAX_ADDRESS));
      }
      return getAsTyped(Columns.ADDRESS);
    }

    /**
     * The column {@code pincode} as six digits.
     *
     * @throws BadRow when it is not
     */
    public String pincode() {
      get(Columns.PINCODE);
      var pincode = pincodeOrEmpty();
      if (pincode.isEmpty()) throw new BadRow(Pincodes.FAULT);
      return pincode;
    }

    /**
     * The column {@code pincode} as six digits, or empty.
     *
     * @throws BadRow when it is neither
     */
    public String pincodeOrEmpty() {
      return Pincodes.read(getAsTyped(Columns.PINCODE));
    }

    /**
     * Finds values that belong to no column.
     *
     * @throws BadRow when the row has more values than the header names columns
     */
    public void check() {
      if (!isSurplus()) return;
      if (record.isOpen()) throw new BadRow("a quote is not closed");
      throw new BadRow(
          "more values than columns",
          "the row has %d values, the first line names %d columns; put a value that contains the"
                  .formatted(record.values().size(), header.names().size())
              + " separator in quotes");
    }

    private boolean isSurplus() {
      var values = record.values();
      for (int i = header.names().size(); i < values.size(); i++) {
        if (!values.get(i).isBlank()) return true;
      }
      return false;
    }

    /** Number of its first line in the file, from 1. */
    public long line() {
      return record.line();
    }

    /** Length of all values in UTF-16 characters. */
    public int length() {
      int length = 0;
      for (var value : record.values()) length += value.length();
      return length;
    }
  }

  /**
   * Unusable rows of a file.
   *
   * @param examples the first ten, each with line number and fault
   * @param notes as {@link CsvRows#notes}
   */
  public record BadRows(long count, List<String> examples, List<String> notes) {
    /** The notes, then a summary line for {@code file} and the examples; empty without any. */
    public List<String> report(Path file) {
      var lines = new ArrayList<>(notes);
      if (count == 0) return lines;
      lines.add(
          count == 1
              ? "1 row of %s could not be used".formatted(file)
              : "%d rows of %s could not be used".formatted(count, file));
      lines.addAll(examples);
      return lines;
    }
  }

  /**
   * Reads the usable rows.
   *
   * @param use called for each row; a {@link BadRow} it throws marks the row as unusable
   * @throws InputException when the file cannot be read or lacks a required column
   */
  public static BadRows read(Path file, Columns columns, Consumer<Row> use) {
    var examples = new ArrayList<String>();
    var bad = new LongAdder();
    try (var rows = open(file, columns)) {
      rows.each(
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
      return new BadRows(bad.sum(), examples, rows.notes());
    }
  }

  /**
   * Checks the first line of a file.
   *
   * @throws InputException when the file cannot be read or lacks a required column
   */
  public static void checkHeader(Path file, Columns columns) {
    open(file, columns).close();
  }

  /**
   * Opens a file and reads its first line.
   *
   * @throws InputException when the file cannot be read or lacks a required column
   */
  public static CsvRows open(Path file, Columns columns) {
    return open(file, columns, bytes -> {});
  }

  /**
   * As {@link #open(Path, Columns)}.
   *
   * @param progress called with the number of bytes of each piece read from the file, as compressed
   */
  public static CsvRows open(Path file, Columns columns, LongConsumer progress) {
    return open(file.toString(), stream(file, progress), columns);
  }

  /** The bytes of a file, counted by {@code progress} as they are read. */
  static InputStream stream(Path file, LongConsumer progress) {
    if (Files.isDirectory(file)) throw new InputException(file + " is a directory; name a file");
    try {
      return new Counted(stream(file), progress);
    } catch (NoSuchFileException e) {
      throw new InputException("There is no file " + file);
    } catch (IOException e) {
      throw cannotRead(file.toString(), e);
    }
  }

  /** A stream whose {@code available} works on a pipe, too, where that of a channel fails. */
  private static InputStream stream(Path file) throws IOException {
    if (StandardInput.is(file)) return System.in;
    boolean pipe = Files.exists(file) && !Files.isRegularFile(file);
    return pipe ? new FileInputStream(file.toFile()) : Files.newInputStream(file);
  }

  /**
   * Opens a stream, which {@link #close} closes.
   *
   * @param name of the source, for messages
   * @throws InputException when it is not CSV or lacks a required column
   */
  public static CsvRows open(String name, InputStream in, Columns columns) {
    try {
      return opened(name, TextLines.of(name, in), columns);
    } catch (IOException e) {
      closeAfter(in, e);
      throw cannotRead(name, e);
    } catch (RuntimeException e) {
      closeAfter(in, e);
      throw e;
    }
  }

  static void closeAfter(InputStream in, Exception failure) {
    try {
      in.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  private static CsvRows opened(String name, TextLines lines, Columns columns) throws IOException {
    var records = new Records(lines);
    var first = records.peek();
    if (first == null) throw new InputException(name + " is empty; it needs a header line");
    var other = Formats.namedText(first.text());
    if (other != null) throw new InputException(name + " is " + other);
    var told = SEPARATOR_LINE.matcher(first.text());
    if (told.matches()) records.skip();
    char separator;
    if (columns.separator() != null) {
      separator = columns.separator();
    } else if (told.matches()) {
      separator = told.group(1).equals("\\t") ? '\t' : told.group(1).charAt(0);
    } else {
      separator = separator(List.of(first.text(), records.peekQuoted()), columns);
    }
    records.separateBy(separator);
    var names = records.next();
    if (names == null) throw new InputException(name + " is empty; it needs a header line");
    var header = Header.of(name, names.values(), columns);
    records.expect(header.names().size(), header.at(Columns.PINCODE), Pincodes::isPincode);
    return new CsvRows(name, lines, records, header, separator);
  }

  /**
   * The separator by which most columns, then most names, are found.
   *
   * @param headers readings of the header: its first line, and all its lines
   */
  private static char separator(List<String> headers, Columns columns) {
    char best = Records.NONE;
    int most = 0;
    for (var names : headers) {
      most = Math.max(most, Header.known(List.of(names), columns) << Short.SIZE);
    }
    for (var names : headers) {
      for (int i = 0; i < SEPARATORS.length(); i++) {
        var separated = Records.alone(names, SEPARATORS.charAt(i));
        if (separated.size() == 1) continue;
        int found = (Header.known(separated, columns) << Short.SIZE) + separated.size();
        if (found <= most) continue;
        most = found;
        best = SEPARATORS.charAt(i);
      }
    }
    return best;
  }

  /** Names of all columns, in order. */
  public List<String> names() {
    return header.names();
  }

  /** The name in the file of a column that was asked for; empty where the file has none. */
  public String name(String column) {
    return header.has(column) ? header.names().get(header.at(column)) : "";
  }

  /**
   * Checks that the file has columns.
   *
   * @throws InputException when it lacks a required one
   */
  public void require(Columns columns) {
    Header.of(name, header.names(), columns);
  }

  /** How to write a file that the same program reads. */
  public CsvOutput.Form form() {
    return new CsvOutput.Form(separator == Records.NONE ? ',' : separator, lines.isMarked());
  }

  /**
   * Reads all rows, without {@link Row#check}.
   *
   * @throws InputException when the file cannot be read
   */
  public void each(Consumer<Row> use) {
    try {
      for (var record = records.next(); record != null; record = records.next()) {
        if (record.isOpen() && open++ == 0) firstOpen = record.line();
        use.accept(new Row(header, record, separator));
      }
    } catch (IOException e) {
      throw cannotRead(name, e);
    }
  }

  /** Faults of the text, in the lines read so far, that leave its rows usable. */
  public List<String> notes() {
    var notes = new ArrayList<String>();
    if (lines.foreign() > 0) notes.add(foreignNote(name, lines));
    if (open > 0) {
      notes.add(
          "%s has a quote in line %d that is not closed; %s read as a row of its own"
              .formatted(name, firstOpen, lines(open, "was", "were")));
    }
    return notes;
  }

  /** Names the lines that are not UTF-8. */
  static String foreignNote(String name, TextLines lines) {
    return "%s is not in UTF-8 from line %d on; %s read as Windows-1252"
        .formatted(name, lines.firstForeign(), lines(lines.foreign(), "was", "were"));
  }

  private static String lines(long count, String one, String several) {
    return count == 1 ? "1 line " + one : count + " lines " + several;
  }

  @Override
  public void close() {
    try {
      lines.close();
    } catch (IOException e) {
      throw cannotRead(name, e);
    }
  }

  static InputException cannotRead(String name, IOException cause) {
    if (cause instanceof AccessDeniedException) {
      return new InputException("Cannot read " + name + ": permission denied");
    }
    if (cause instanceof EOFException) {
      return new InputException("Cannot read " + name + ": the compressed file ends too early");
    }
    if (cause instanceof ZipException) {
      return new InputException(
          "Cannot read %s: the compressed file is damaged (%s)"
              .formatted(name, cause.getMessage()));
    }
    return new InputException("Cannot read " + name + ": " + cause.getMessage());
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
}
