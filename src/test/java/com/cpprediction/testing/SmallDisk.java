package com.cpprediction.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** A file system of a few megabytes in memory that can be filled to the last byte. */
public final class SmallDisk implements AutoCloseable {
  private static final int BLOCK = 4096;
  private static final Path MOUNT = Path.of("mount");
  private static final Path UMOUNT = Path.of("umount");

  private final Path root;

  private SmallDisk(Path root) {
    this.root = root;
  }

  /** Mounts one; skips the test where that is not permitted. */
  public static SmallDisk mount(Path root, int megabytes) throws IOException {
    return mount(root, megabytes, "");
  }

  /** As {@link #mount(Path, int)}, of a kind that runs no programs. */
  public static SmallDisk mountNoexec(Path root, int megabytes) throws IOException {
    return mount(root, megabytes, ",noexec");
  }

  private static SmallDisk mount(Path root, int megabytes, String more) throws IOException {
    Files.createDirectories(root);
    var options = "size=%dm%s".formatted(megabytes, more);
    var mounted = Program.run(MOUNT, "", "-t", "tmpfs", "-o", options, "tmpfs", root.toString());
    if (mounted.exit() != 0) {
      Assumptions.abort("Needs the right to mount a tmpfs: " + mounted.output());
    }
    return new SmallDisk(root);
  }

  public Path root() {
    return root;
  }

  /** Makes room. */
  public void grow(int megabytes) {
    var grown =
        Program.run(MOUNT, "", "-o", "remount,size=%dm".formatted(megabytes), root.toString());
    if (grown.exit() != 0) throw new IllegalStateException(grown.output());
  }

  private Path ballast() {
    return root.resolve("ballast");
  }

  /** Leaves no byte for others. */
  public void fill() throws IOException {
    var block = new byte[BLOCK];
    try (var out = Files.newOutputStream(ballast())) {
      while (Files.getFileStore(root).getUsableSpace() > 0) out.write(block);
    }
  }

  /** Gives back what {@link #fill} took. */
  public void free() throws IOException {
    Files.delete(ballast());
  }

  @Override
  public void close() {
    var gone = Program.run(UMOUNT, "", "-l", root.toString());
    if (gone.exit() != 0) throw new IllegalStateException(gone.output());
  }
}
