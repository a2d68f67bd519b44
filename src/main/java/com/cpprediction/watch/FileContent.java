package com.cpprediction.watch;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A file as it was read; equal when the same was read again.
 *
 * @param bytes empty when the file is absent or could not be read
 * @param problem why there are no bytes, to follow the file's name in a sentence; else empty
 */
public record FileContent(Optional<Buffer> bytes, String problem) {
  public static final FileContent ABSENT = problem("does not exist");

  /**
   * Blocks; never fails.
   *
   * @param maxBytes a larger file is not kept
   */
  public static FileContent read(Path file, int maxBytes) {
    try (var in = Files.newInputStream(file)) {
      var bytes = in.readNBytes(maxBytes + 1);
      return bytes.length > maxBytes
          ? problem("is larger than " + maxBytes + " bytes")
          : new FileContent(Optional.of(Buffer.buffer(bytes)), "");
    } catch (NoSuchFileException e) {
      return ABSENT;
    } catch (IOException e) {
      return problem("can't be read: " + e.getMessage());
    }
  }

  public boolean absent() {
    return equals(ABSENT);
  }

  private static FileContent problem(String problem) {
    return new FileContent(Optional.empty(), problem);
  }

  @Override
  public String toString() { // the file may hold secrets
    return bytes.isPresent() ? "FileContent[present]" : "FileContent[" + problem + "]";
  }
}
