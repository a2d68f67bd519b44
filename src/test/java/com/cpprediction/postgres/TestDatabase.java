package com.cpprediction.postgres;

import com.cpprediction.persistence.Schema;
import com.cpprediction.testing.Directories;
import com.cpprediction.testing.Jdbc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * One PostgreSQL for all tests of a JVM, with separate databases. Commits don't wait for the disk:
 * tests of what survives a crash have a server of their own.
 */
public final class TestDatabase {
  /** Unpacked once for all tests. */
  public static final Path BINARIES =
      Path.of("target", "postgres-binaries", System.getProperty("test.fork", "1")).toAbsolutePath();

  private static EmbeddedDatabase server;
  private static int databases;

  /** Name of the one that {@link #migrated} copies, which takes less time than migrating. */
  private static String migrated;

  private TestDatabase() {}

  public static synchronized EmbeddedDatabase server() throws IOException, SQLException {
    if (server == null) {
      var directory = Files.createTempDirectory("cp-database");
      server = EmbeddedDatabase.startForScratchDatabases(directory, BINARIES, 0);
      execute(
          server.uri(),
          "ALTER ROLE %s SET synchronous_commit = off".formatted(EmbeddedDatabase.USER));
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    server.close();
                    Directories.delete(directory);
                  }));
    }
    return server;
  }

  /** The URI of a new, empty database. */
  public static String create() throws Exception {
    return create("template1");
  }

  /** The URI of a new, migrated database. */
  public static synchronized String migrated() throws Exception {
    if (migrated == null) {
      var uri = create();
      Schema.migrate(uri, 0);
      migrated = uri.substring(uri.lastIndexOf('/') + 1);
    }
    return create(migrated);
  }

  private static synchronized String create(String template) throws Exception {
    var name = "test" + ++databases;
    execute(server().uri(), "CREATE DATABASE %s TEMPLATE %s".formatted(name, template));
    return server().uri().replaceFirst("/postgres$", "/" + name);
  }

  public static void execute(String uri, String sql) throws SQLException {
    try (var connection = Jdbc.connect(uri);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** The first column of every row, as text. */
  public static List<String> query(String uri, String sql) throws SQLException {
    try (var connection = Jdbc.connect(uri);
        var statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      var values = new ArrayList<String>();
      while (rows.next()) values.add(rows.getString(1));
      return values;
    }
  }
}
