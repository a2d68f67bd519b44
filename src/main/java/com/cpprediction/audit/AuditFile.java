package com.cpprediction.audit;

import com.cpprediction.files.OwnerOnly;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Entries that wait for PostgreSQL, a line of JSON each, forced to disk. Empty once all are stored;
 * after a kill, entries may be read again that were stored. Blocks; for one thread at a time.
 */
final class AuditFile {
  private static final Logger log = LoggerFactory.getLogger(AuditFile.class);

  /** Bytes at which further entries are refused: tens of thousands, while the database is away. */
  static final long MAX_BYTES = 16 << 20;

  private static final int BATCH_BYTES = 1 << 20; // read at a time

  private final Path file;
  private long stored; // bytes of entries that PostgreSQL has

  /**
   * Entries to store together.
   *
   * @param end offset of the bytes after them
   * @param more whether it has any
   */
  record Batch(JsonArray entries, long end, boolean more) {}

  AuditFile(Path file) {
    this.file = file;
  }

  /** Whether entries wait. */
  boolean pending() throws IOException {
    return Files.exists(file) && Files.size(file) > stored;
  }

  /**
   * Appends {@code entry} and forces it to disk.
   *
   * @throws IOException also when the file is full
   */
  void append(JsonObject entry) throws IOException {
    var line = (entry.encode() + '\n').getBytes(StandardCharsets.UTF_8);
    if (line.length > BATCH_BYTES) throw new IOException("An entry is too long");
    var directory = file.toAbsolutePath().getParent();
    if (directory != null) Files.createDirectories(directory);
    OwnerOnly.createFile(file);
    try (var channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long size = channel.size();
      if (size + line.length > MAX_BYTES) throw new IOException(file + " is full");
      if (size > 0 && !endsLine(channel, size)) { // a kill has torn the last line
        channel.write(ByteBuffer.wrap(new byte[] {'\n'}), size++);
      }
      var bytes = ByteBuffer.wrap(line);
      for (long at = size; bytes.hasRemaining(); ) at += channel.write(bytes, at);
      channel.force(true);
    }
  }

  private static boolean endsLine(FileChannel channel, long size) throws IOException {
    var last = ByteBuffer.allocate(1);
    channel.read(last, size - 1);
    return last.get(0) == '\n';
  }

  /** The oldest entries that wait, empty where none does. */
  Batch read() throws IOException {
    if (!pending()) return new Batch(new JsonArray(), stored, false);
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      int room = (int) Math.min(BATCH_BYTES, channel.size() - stored);
      var bytes = ByteBuffer.allocate(room);
      while (bytes.hasRemaining()) {
        if (channel.read(bytes, stored + bytes.position()) < 0) break;
      }
      int end = bytes.position();
      while (end > 0 && bytes.get(end - 1) != '\n') end--;
      if (end == 0) end = bytes.position(); // torn by a kill
      var entries = new JsonArray();
      var lines = new String(bytes.array(), 0, end, StandardCharsets.UTF_8);
      for (var line : lines.split("\n")) add(entries, line);
      return new Batch(entries, stored + end, true);
    }
  }

  private static void add(JsonArray entries, String line) {
    if (line.isEmpty()) return;
    try {
      entries.add(new JsonObject(line));
    } catch (DecodeException e) {
      log.warn("A kill has torn an entry of the audit log, whose call got no response");
    }
  }

  /** Forgets the entries before {@code end}, which PostgreSQL has. */
  void stored(long end) throws IOException {
    stored = end;
    if (pending()) return;
    try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(0);
      channel.force(true);
      stored = 0;
    }
  }
}
