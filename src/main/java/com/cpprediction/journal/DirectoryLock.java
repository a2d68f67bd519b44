package com.cpprediction.journal;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import com.cpprediction.files.OwnerOnly;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An exclusive lock on a directory. The operating system releases it when the process ends, also
 * after a crash.
 */
public final class DirectoryLock implements AutoCloseable {
  /** Another process, or another part of this one, holds the lock. */
  public static final class InUseException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String process;

    private InUseException(Path directory, String process) {
      super("%s is in use by process %s".formatted(directory, process));
      this.process = process;
    }

    /** The id of the process that holds it. */
    public String process() {
      return process;
    }
  }

  private static final String FILE = "service.lock";

  // Opening the file again in the same process isn't safe: closing any of its descriptors releases
  // the POSIX lock.
  private static final Set<Path> HELD_HERE = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final FileChannel channel;

  private DirectoryLock(Path directory, FileChannel channel) {
    this.directory = directory;
    this.channel = channel;
  }

  /**
   * @param directory a real path
   * @throws InUseException when this process or another one holds the lock
   */
  public static DirectoryLock acquire(Path directory) throws IOException {
    var self = Long.toString(ProcessHandle.current().pid());
    if (!HELD_HERE.add(directory)) throw new InUseException(directory, self);
    try {
      return new DirectoryLock(directory, open(directory, self));
    } catch (IOException | RuntimeException e) {
      HELD_HERE.remove(directory);
      throw e;
    }
  }

  private static FileChannel open(Path directory, String self) throws IOException {
    var file = OwnerOnly.createFile(directory.resolve(FILE));
    var channel = FileChannel.open(file, READ, WRITE);
    try {
      if (channel.tryLock() == null) throw new InUseException(directory, Files.readString(file));
      channel.truncate(0).write(ByteBuffer.wrap(self.getBytes(StandardCharsets.US_ASCII)));
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
    HELD_HERE.remove(directory);
  }
}
