package com.cpprediction.config;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * What was found at the place of a file; equal when the same was found again.
 *
 * @param bytes the file, null when there is none or it could not be read
 * @param problem why it could not be read, null otherwise
 */
record Content(Buffer bytes, String problem) {
  static final Content ABSENT = new Content(null, null);

  /**
   * Blocks.
   *
   * @param maxBytes a larger file is not kept
   */
  static Content of(Path file, int maxBytes) {
    try (var in = Files.newInputStream(file)) {
      var bytes = in.readNBytes(maxBytes + 1);
      return bytes.length > maxBytes
          ? new Content(null, "is larger than " + maxBytes + " bytes")
          : new Content(Buffer.buffer(bytes), null);
    } catch (NoSuchFileException e) {
      return ABSENT;
    } catch (IOException e) {
      return new Content(null, "can't be read: " + e.getMessage());
    }
  }

  boolean absent() {
    return equals(ABSENT);
  }

  @Override
  public String toString() { // the file may hold secrets
    return absent() ? "Content[absent]" : "Content[present]";
  }
}
