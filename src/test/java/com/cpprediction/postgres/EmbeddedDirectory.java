package com.cpprediction.postgres;

import com.cpprediction.files.OwnerOnly;
import java.io.IOException;
import java.nio.file.Path;

/** Where an embedded server will listen that isn't started yet. */
public final class EmbeddedDirectory {
  private EmbeddedDirectory() {}

  /**
   * Its URI, with the password that it will have.
   *
   * @param dataDir made here
   */
  public static String uri(Path dataDir, int port) throws IOException {
    var file = OwnerOnly.createDirectories(dataDir).resolve("pgpass");
    var password = new PasswordFile(file, EmbeddedDatabase.USER).readOrMake();
    return "postgresql://%s:%s@127.0.0.1:%d/postgres"
        .formatted(EmbeddedDatabase.USER, password, port);
  }
}
