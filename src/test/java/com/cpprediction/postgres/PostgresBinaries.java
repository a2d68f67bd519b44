package com.cpprediction.postgres;

import com.cpprediction.files.OwnerOnly;
import com.cpprediction.testing.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The programs of the bundled PostgreSQL, unpacked once for all tests. */
public final class PostgresBinaries {
  private PostgresBinaries() {}

  /** The directory of {@code initdb}, {@code postgres} and {@code pg_ctl}; blocks for seconds. */
  public static synchronized Path bin() throws IOException {
    return ServerPrograms.unpack(TestDatabase.BINARIES);
  }

  /**
   * Copies them to where a service on {@code dataDir} would unpack them, unless there are some:
   * unpacking takes seconds of processor time.
   */
  public static void copyTo(Path dataDir) throws IOException {
    bin();
    var copy = OwnerOnly.createDirectories(dataDir).resolve("postgres-binaries");
    if (Files.exists(copy)) return;
    Processes.run("cp", "-a", TestDatabase.BINARIES.toString(), copy.toString());
  }
}
