package com.cpprediction.csv;

import de.siegmar.fastcsv.writer.CsvWriter;
import java.io.IOException;
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
   * @param file replaced on {@link #publish} where it exists
   * @throws InputException when {@code file} cannot be written
   */
  public static CsvOutput create(Path file) {
    OutputPath.checkFile(file);
    try {
      var target = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
      // Devices and pipes are written directly: they have no previous content to keep.
      boolean regular = !Files.exists(target) || Files.isRegularFile(target);
      var temporary = regular ? beside(target) : target;
      var out = Files.newOutputStream(temporary);
      var text =
          new OutputStreamWriter(
              file.toString().endsWith(".gz") ? new GZIPOutputStream(out) : out,
              StandardCharsets.UTF_8);
      return new CsvOutput(file, target, temporary, CsvWriter.builder().build(text));
    } catch (IOException e) {
      throw OutputPath.failure(file, e);
    }
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
