package com.cpprediction.persistence;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The programs of the PostgreSQL that the service brings along, unpacked once for all tests. */
public final class PostgresBinaries {
  private PostgresBinaries() {}

  /** The directory of {@code initdb}, {@code postgres} and {@code pg_ctl}; blocks for seconds. */
  public static synchronized Path bin() throws IOException {
    var found = unpacked();
    if (found.isPresent()) return found.get();
    var scratch = Files.createTempDirectory("cp-unpack");
    EmbeddedDatabase.start(scratch, TestDatabase.BINARIES, 0).close(); // unpacks as it starts
    TestDatabase.delete(scratch);
    return unpacked().orElseThrow();
  }

  private static Optional<Path> unpacked() throws IOException {
    if (!Files.exists(TestDatabase.BINARIES)) return Optional.empty();
    try (var children = Files.list(TestDatabase.BINARIES)) {
      return children
          .filter(child -> Files.exists(child.resolve(".exists"))) // zonky's mark: complete
          .map(child -> child.resolve("bin"))
          .findFirst();
    }
  }
}
