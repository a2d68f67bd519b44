package com.cpprediction.csv;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;

/**
 * The lines of a text file, decompressed and decoded as those of CSV: see {@link TextLines}. Used
 * by one thread.
 */
public final class NumberedLines implements AutoCloseable {
  private static final Pattern NDJSON =
      Pattern.compile(".*[.]ndjson([.]gz)?", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private final String name;
  private final TextLines lines;

  /** Takes a line, without its end, and its number from 1. */
  @FunctionalInterface
  public interface Use {
    void line(long number, String text);
  }

  /** Whether {@code file} has a JSON object in each line, by its name. */
  public static boolean isNdjson(Path file) {
    return NDJSON.matcher(file.toString()).matches();
  }

  private NumberedLines(String name, TextLines lines) {
    this.name = name;
    this.lines = lines;
  }

  /**
   * Opens a file.
   *
   * @param progress called with the number of bytes of each piece read from the file, as compressed
   * @throws InputException when it can't be read or is no text
   */
  public static NumberedLines open(Path file, LongConsumer progress) {
    var in = CsvRows.stream(file, progress);
    try {
      return new NumberedLines(file.toString(), TextLines.of(file.toString(), in));
    } catch (IOException e) {
      CsvRows.closeAfter(in, e);
      throw CsvRows.cannotRead(file.toString(), e);
    } catch (RuntimeException e) {
      CsvRows.closeAfter(in, e);
      throw e;
    }
  }

  /**
   * Reads all lines.
   *
   * @throws InputException when the file can't be read
   */
  public void each(Use use) {
    try {
      for (var line = lines.next(); line != null; line = lines.next()) {
        use.line(line.number(), line.text());
      }
    } catch (IOException e) {
      throw CsvRows.cannotRead(name, e);
    }
  }

  /** Faults of the text, in the lines read so far, that leave its lines usable. */
  public List<String> notes() {
    return lines.foreign() == 0 ? List.of() : List.of(CsvRows.foreignNote(name, lines));
  }

  @Override
  public void close() {
    try {
      lines.close();
    } catch (IOException e) {
      throw CsvRows.cannotRead(name, e);
    }
  }
}
