package com.cpprediction.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** A file system of a few megabytes in memory that can be filled to the last byte. */
final class SmallDisk implements AutoCloseable {
  private static final int BLOCK = 4096;

  private final Path root;

  private SmallDisk(Path root) {
    this.root = root;
  }

  /** Mounts one; skips the test where that is not permitted. */
  static SmallDisk mount(Path root, int megabytes) throws IOException {
    Files.createDirectories(root);
    try {
      Processes.run(
          "mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "tmpfs", root.toString());
    } catch (UncheckedIOException | IllegalStateException e) {
      Assumptions.abort("Needs the right to mount a tmpfs: " + e.getMessage());
    }
    return new SmallDisk(root);
  }

  Path root() {
    return root;
  }

  private Path ballast() {
    return root.resolve("ballast");
  }

  /** Leaves no byte for others. */
  void fill() throws IOException {
    var block = new byte[BLOCK];
    try (var out = Files.newOutputStream(ballast())) {
      while (Files.getFileStore(root).getUsableSpace() > 0) out.write(block);
    }
  }

  /** Gives back what {@link #fill} took. */
  void free() throws IOException {
    Files.delete(ballast());
  }

  @Override
  public void close() {
    Processes.run("umount", "-l", root.toString());
  }
}
