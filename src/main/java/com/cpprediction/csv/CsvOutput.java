package com.cpprediction.csv;

import com.cpprediction.files.OwnerOnly;
import de.siegmar.fastcsv.writer.CsvWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;

/**
 * Writes a CSV file, compressed when its name ends in {@code .gz}. Rows go to a temporary file in
 * the same directory, which {@link #publish} moves into place; closing without publishing deletes
 * it and keeps the previous file. Not thread-safe.
 */
public final class CsvOutput implements AutoCloseable {
  private final Path file;
  private final Path target;
  private final Path temporary;
  private final CsvWriter csv;
  private boolean published;

  private CsvOutput(Path file, Path target, Path temporary, CsvWriter csv) {
    this.file = file;
    this.target = target;
    this.temporary = temporary;
    this.csv = csv;
  }

  /**
   * How a file is written.
   *
   * @param separator between values
   * @param marked whether it begins with a byte order mark, by which spreadsheet programs know
   *     UTF-8
   */
  public record Form(char separator, boolean marked) {
    /** Commas, no mark. */
    static final Form PLAIN = new Form(',', false);
  }

  /** As {@link #create(Path, Form)}, with commas and without a byte order mark. */
  public static CsvOutput create(Path file) {
    return create(file, Form.PLAIN);
  }

  /** As {@link #create(Path)}; only the user of this process may read the file. */
  public static CsvOutput createPrivate(Path file) {
    return create(file, Form.PLAIN, true);
  }

  /**
   * @param file replaced on {@link #publish} where it exists
   * @throws InputException when {@code file} cannot be written
   */
  public static CsvOutput create(Path file, Form form) {
    return create(file, form, false);
  }

  private static CsvOutput create(Path file, Form form, boolean isPrivate) {
    OutputPath.checkFile(file);
    try {
      boolean device = OutputPath.isDevice(file);
      var target = Files.exists(file) && !device ? file.toRealPath() : file.toAbsolutePath();
      var temporary = device ? target : beside(target);
      if (isPrivate && !device) OwnerOnly.createFile(temporary);
      var out = device ? OutputPath.open(file) : Files.newOutputStream(temporary);
      try {
        return new CsvOutput(file, target, temporary, writer(out, file, form));
      } catch (IOException e) { // no room for the first bytes
        out.close();
        if (!device) Files.deleteIfExists(temporary);
        throw e;
      }
    } catch (IOException e) {
      throw OutputPath.failure(file, e);
    }
  }

  private static CsvWriter writer(OutputStream out, Path file, Form form) throws IOException {
    var text =
        new OutputStreamWriter(
            file.toString().endsWith(".gz") ? new GZIPOutputStream(out) : out,
            StandardCharsets.UTF_8);
    if (form.marked()) text.write('\ufeff');
    return builder(form).build(text);
  }

  static CsvWriter.CsvWriterBuilder builder(Form form) {
    char comment = form.separator() == '#' ? ';' : '#'; // it must differ
    return CsvWriter.builder().fieldSeparator(form.separator()).commentCharacter(comment);
  }

  private static Path beside(Path target) {
    var name = "." + target.getFileName() + '.' + ProcessHandle.current().pid() + ".part";
    return target.resolveSibling(name);
  }

  /** Appends one row. */
  public void write(List<String> record) {
    try {
      csv.writeRecord(record);
    } catch (UncheckedIOException e) {
      throw OutputPath.failure(file, Objects.requireNonNull(e.getCause()));
    }
  }

  /** Moves the complete file into place, atomically. */
  public void publish() {
    try {
      csv.close();
      if (!temporary.equals(target)) {
        Files.move(
            temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      }
      published = true;
    } catch (IOException e) {
      throw OutputPath.failure(file, e);
    } catch (UncheckedIOException e) {
      throw OutputPath.failure(file, Objects.requireNonNull(e.getCause()));
    }
  }

  /** Deletes the temporary file unless {@link #publish} has moved it. */
  @Override
  public void close() {
    if (published) return;
    try {
      if (!temporary.equals(target)) Files.deleteIfExists(temporary);
      csv.close();
    } catch (IOException e) {
      throw OutputPath.failure(file, e);
    } catch (UncheckedIOException e) {
      throw OutputPath.failure(file, Objects.requireNonNull(e.getCause()));
    }
  }
}
