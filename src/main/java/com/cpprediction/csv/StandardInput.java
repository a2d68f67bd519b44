package com.cpprediction.csv;

import java.nio.file.Path;
import java.util.Set;

/** Standard input, where a file is named. */
public final class StandardInput {
  /** Its name, which other programs use too. */
  public static final Path PATH = Path.of("/dev/stdin");

  private static final Set<Path> PATHS =
      Set.of(PATH, Path.of("/dev/fd/0"), Path.of("/proc/self/fd/0"));

  private StandardInput() {}

  /**
   * Whether {@code file} is read from {@link System#in}, once. To open such a file anew fails for
   * another user's pipe and for any socket.
   */
  public static boolean is(Path file) {
    return PATHS.contains(file.toAbsolutePath().normalize());
  }
}
