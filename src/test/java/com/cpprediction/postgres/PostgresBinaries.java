package com.cpprediction.postgres;

import java.io.IOException;
import java.nio.file.Path;

/** The programs of the bundled PostgreSQL, unpacked once for all tests. */
public final class PostgresBinaries {
  private PostgresBinaries() {}

  /** The directory of {@code initdb}, {@code postgres} and {@code pg_ctl}; blocks for seconds. */
  public static synchronized Path bin() throws IOException {
    return ServerPrograms.unpack(TestDatabase.BINARIES);
  }
}
