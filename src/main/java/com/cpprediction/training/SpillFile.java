package com.cpprediction.training;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import com.cpprediction.csv.InputException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A temporary file of bytes, readable by its user only, that its process holds a lock on. Closing
 * it deletes it, as does the end of the process by a signal other than KILL; {@link
 * #deleteAbandoned} deletes those that a killed process left. Appending is single-threaded, reading
 * is thread-safe.
 */
final class SpillFile implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SpillFile.class);

  /** Name of a file: the process that writes it, and a random number. */
  private static final String NAME = "cp-train-%d-%016x.rows";

  private static final String PATTERN = "cp-train-*.rows";

  /** Files of this process: closing a second channel to one would release its lock. */
  private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final Path file;
  private final FileChannel channel;
  private long size;

  private SpillFile(Path directory, Path file, FileChannel channel) {
    this.directory = directory;
    this.file = file;
    this.channel = channel;
  }

  /**
   * Creates a file.
   *
   * @throws InputException when it can't be created
   */
  static SpillFile create(Path directory) {
    var name =
        NAME.formatted(ProcessHandle.current().pid(), ThreadLocalRandom.current().nextLong());
    try {
      return open(directory, directory.toRealPath().resolve(name));
    } catch (IOException e) {
      throw cannotWrite(directory, e);
    }
  }

  private static SpillFile open(Path directory, Path file) throws IOException {
    OPEN.add(file); // before another thread can find it unlocked
    try {
      var channel =
          FileChannel.open(
              file,
              Set.of(
                  StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      file.toFile().deleteOnExit();
      channel.lock();
      return new SpillFile(directory, file, channel);
    } catch (IOException e) {
      OPEN.remove(file);
      throw e;
    }
  }

  /**
   * Deletes the files in {@code directory} whose process has ended.
   *
   * @throws InputException when the directory can't be read
   */
  static void deleteAbandoned(Path directory) {
    try (var files = Files.newDirectoryStream(directory.toRealPath(), PATTERN)) {
      for (var file : files) {
        boolean own = OPEN.contains(file) || !Files.isRegularFile(file, NOFOLLOW_LINKS);
        if (!own) deleteUnlocked(file);
      }
    } catch (IOException e) {
      throw cannotWrite(directory, e);
    }
  }

  private static void deleteUnlocked(Path file) throws IOException {
    try (var channel = FileChannel.open(file, StandardOpenOption.WRITE, NOFOLLOW_LINKS)) {
      if (channel.tryLock() != null) Files.delete(file);
    } catch (AccessDeniedException | NoSuchFileException e) {
      log.debug("{} belongs to another user, or another process has deleted it", file, e);
    }
  }

  /**
   * Appends {@code length} bytes.
   *
   * @return where they begin
   * @throws InputException when the disk is full, or fails
   */
  long append(byte[] bytes, int length) {
    long at = size;
    var left = ByteBuffer.wrap(bytes, 0, length);
    try {
      while (left.hasRemaining()) size += channel.write(left, size);
    } catch (IOException e) {
      throw cannotWrite(directory, e);
    }
    return at;
  }

  /** Reads {@code length} bytes. */
  byte[] read(long at, int length) {
    var bytes = ByteBuffer.allocate(length);
    try {
      while (bytes.hasRemaining()) {
        if (channel.read(bytes, at + bytes.position()) < 0)
          throw new EOFException(at + " of " + size);
      }
    } catch (IOException e) {
      throw new InputException("Cannot read the temporary file " + file + ": " + e);
    }
    return bytes.array();
  }

  private static InputException cannotWrite(Path directory, IOException e) {
    var reason =
        e instanceof AccessDeniedException
            ? "permission denied"
            : e instanceof FileSystemException f && f.getReason() != null
                ? f.getReason()
                : e.getMessage();
    return new InputException(
        "Cannot write temporary rows into %s: %s; free space there, or name another directory with --work"
            .formatted(directory, reason));
  }

  @Override
  public void close() {
    try {
      channel.close();
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new InputException("Cannot delete the temporary file " + file + ": " + e);
    } finally {
      OPEN.remove(file);
    }
  }
}
