package com.cpprediction.training;

import de.siegmar.fastcsv.writer.CsvWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.zip.GZIPOutputStream;

/**
 * A CSV file being written, compressed when its name ends in {@code .gz}. It grows beside its place
 * and is moved there by {@link #publish}; closed before that it leaves nothing, and what was there
 * stays.
 */
final class CsvFile implements AutoCloseable {
  private final Path named;
  private final Path place;
  private final Path written;
  private final CsvWriter csv;
  private boolean published;

  private CsvFile(Path named, Path place, Path written, CsvWriter csv) {
    this.named = named;
    this.place = place;
    this.written = written;
    this.csv = csv;
  }

  /**
   * @throws InputException when {@code file} cannot be written
   */
  static CsvFile create(Path file) {
    Writable.file(file);
    try {
      var place = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
      // A device or a pipe is written as it is: there is nothing in it to keep.
      boolean moved = !Files.exists(place) || Files.isRegularFile(place);
      var written = moved ? beside(place) : place;
      var out = Files.newOutputStream(written);
      var text =
          new OutputStreamWriter(
              file.toString().endsWith(".gz") ? new GZIPOutputStream(out) : out,
              StandardCharsets.UTF_8);
      return new CsvFile(file, place, written, CsvWriter.builder().build(text));
    } catch (IOException e) {
      throw Writable.failed(file, e);
    }
  }

  private static Path beside(Path place) {
    var name = "." + place.getFileName() + '.' + ProcessHandle.current().pid() + ".part";
    return place.resolveSibling(name);
  }

  void write(List<String> record) {
    try {
      csv.writeRecord(record);
    } catch (UncheckedIOException e) {
      throw Writable.failed(named, e.getCause());
    }
  }

  /** Puts the file in its place, whole. */
  void publish() {
    try {
      csv.close();
      if (!written.equals(place)) {
        Files.move(
            written, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      }
      published = true;
    } catch (IOException e) {
      throw Writable.failed(named, e);
    } catch (UncheckedIOException e) {
      throw Writable.failed(named, e.getCause());
    }
  }

  @Override
  public void close() {
    if (published) return;
    try {
      if (!written.equals(place)) Files.deleteIfExists(written);
      csv.close();
    } catch (IOException e) {
      throw Writable.failed(named, e);
    } catch (UncheckedIOException e) {
      throw Writable.failed(named, e.getCause());
    }
  }
}
