package com.cpprediction.postgres;

import com.cpprediction.files.OwnerOnly;
import java.io.IOException;
import java.nio.file.Path;

/** The data directory of an embedded server that isn't started yet. */
public final class EmbeddedDirectory {
  private EmbeddedDirectory() {}

  /**
   * The URI, with the password that the server will have.
   *
   * @param dataDir created where absent
   */
  public static String uri(Path dataDir, int port) throws IOException {
    var file = OwnerOnly.createDirectories(dataDir).resolve("pgpass");
    var password = new PasswordFile(file, EmbeddedDatabase.USER).readOrCreate();
    return "postgresql://%s:%s@127.0.0.1:%d/postgres"
        .formatted(EmbeddedDatabase.USER, password, port);
  }
}
