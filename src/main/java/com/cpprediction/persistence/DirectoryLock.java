package com.cpprediction.persistence;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps a second service off a data directory. The operating system lets go of it when the process
 * ends, however it ends.
 */
final class DirectoryLock implements AutoCloseable {
  private static final String FILE = "service.lock";

  // Within one process the file must not even be opened again: closing any of its descriptors
  // gives up a POSIX lock.
  private static final Set<Path> HELD_HERE = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final FileChannel channel;

  private DirectoryLock(Path directory, FileChannel channel) {
    this.directory = directory;
    this.channel = channel;
  }

  /**
   * @param directory a real path
   * @throws DatabaseStartException when another service holds it, in this process or another
   */
  static DirectoryLock acquire(Path directory) throws IOException {
    var self = Long.toString(ProcessHandle.current().pid());
    if (!HELD_HERE.add(directory)) throw taken(directory, self);
    try {
      return new DirectoryLock(directory, open(directory, self));
    } catch (IOException | RuntimeException e) {
      HELD_HERE.remove(directory);
      throw e;
    }
  }

  private static FileChannel open(Path directory, String self) throws IOException {
    var file = directory.resolve(FILE);
    var channel = FileChannel.open(file, CREATE, READ, WRITE);
    try {
      if (channel.tryLock() == null) throw taken(directory, Files.readString(file));
      channel.truncate(0).write(ByteBuffer.wrap(self.getBytes(StandardCharsets.US_ASCII)));
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static DatabaseStartException taken(Path directory, String process) {
    return new DatabaseStartException(
        "Another service (process %s) already runs on data_dir %s; stop it or give this one a data_dir of its own"
            .formatted(process, directory));
  }

  @Override
  public void close() throws IOException {
    channel.close();
    HELD_HERE.remove(directory);
  }
}
