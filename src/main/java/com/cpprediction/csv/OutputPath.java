package com.cpprediction.csv;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Checks of output paths, to be made before long work. */
public final class OutputPath {
  private static final Pattern DESCRIPTOR =
      Pattern.compile("/dev/(?:stdin|stdout|stderr|fd/\\d+)|/proc/.+/fd/\\d+");

  private static final Pattern STANDARD_OUTPUT =
      Pattern.compile("/dev/(?:stdout|fd/1)|/proc/self/fd/1");

  private OutputPath() {}

  /**
   * @throws InputException when {@code file} can be neither created nor replaced
   */
  public static void checkFile(Path file) {
    var parent = file.toAbsolutePath().getParent();
    if (Files.isDirectory(file)) throw cannot(file, "it is a directory; name a file");
    if (isDevice(file)) {
      if (!Files.isWritable(file)) throw cannot(file, "permission denied");
      return;
    }
    if (parent == null || !Files.exists(parent))
      throw cannot(file, "its directory does not exist; create it");
    if (!Files.isDirectory(parent)) throw cannot(file, parent + " is a file");
    if (!Files.isWritable(parent)) throw cannot(file, "permission denied");
  }

  /**
   * Whether {@code file} is appended to in place: a device, a pipe, or an open descriptor such as
   * {@code /dev/stdout}, be it redirected to a regular file.
   */
  public static boolean isDevice(Path file) {
    if (DESCRIPTOR.matcher(file.toAbsolutePath().normalize().toString()).matches()) return true;
    return Files.exists(file) && !Files.isRegularFile(file) && !Files.isDirectory(file);
  }

  /**
   * Opens a device to append to. Standard output is written at the position that other programs
   * with the same descriptor share, and stays open.
   */
  static OutputStream open(Path device) throws IOException {
    if (!STANDARD_OUTPUT.matcher(device.toAbsolutePath().normalize().toString()).matches()) {
      return new FileOutputStream(device.toFile(), true);
    }
    return new FileOutputStream(FileDescriptor.out) {
      @Override
      public void close() {} // the descriptor belongs to the process
    };
  }

  /**
   * @param directory may be absent
   * @throws InputException when {@code directory} is a file or not writable
   */
  public static void checkDirectory(Path directory) {
    if (!Files.exists(directory)) return;
    if (!Files.isDirectory(directory)) {
      throw cannot(directory, "it is a file; name a directory");
    }
    if (!Files.isWritable(directory)) throw cannot(directory, "permission denied");
  }

  /**
   * Error message for a failed write.
   *
   * @param path written to, unless {@code cause} names another file
   */
  public static InputException failure(Path path, IOException cause) {
    if (!(cause instanceof FileSystemException e)) return cannot(path, cause.getMessage());
    var at = e.getFile() == null ? path : Path.of(e.getFile());
    if (e instanceof AccessDeniedException) return cannot(at, "permission denied");
    if (e instanceof NoSuchFileException) {
      return cannot(at, "its directory does not exist; create it");
    }
    if (e instanceof FileAlreadyExistsException) return cannot(at, "it is a file");
    return cannot(at, e.getReason() == null ? e.toString() : e.getReason());
  }

  private static InputException cannot(Path path, @Nullable String why) {
    return new InputException("Cannot write " + path + ": " + why);
  }
}
