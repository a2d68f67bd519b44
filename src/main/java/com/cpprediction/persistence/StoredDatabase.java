package com.cpprediction.persistence;

import com.cpprediction.config.DatabaseConfig;
import com.cpprediction.postgres.DatabaseStartException;
import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.EmbeddedDatabase;
import com.cpprediction.postgres.SqlFailure;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A read-only connection of a command to the database of the service, which may run or not. Blocks:
 * JDBC.
 *
 * @param started the embedded server, where it did not run already
 */
public record StoredDatabase(Connection connection, @Nullable EmbeddedDatabase started)
    implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);

  /**
   * Connects to the configured or embedded server. An embedded server that doesn't run is started,
   * and stopped on {@link #close}.
   *
   * @param dataDir {@code data_dir}
   * @param timeout longest wait for rows
   * @throws DatabaseStartException when the database can't be reached
   */
  public static StoredDatabase open(DatabaseConfig database, Path dataDir, Duration timeout) {
    if (!database.embedded()) return open(database.uri(), timeout);
    var running = EmbeddedDatabase.running(dataDir);
    if (running.isPresent()) return open(running.get(), timeout);
    if (!EmbeddedDatabase.existsIn(dataDir)) {
      throw new DatabaseStartException(
          "There is no database in data_dir %s; nothing was stored there".formatted(dataDir));
    }
    var started = EmbeddedDatabase.start(dataDir, database.embeddedPort());
    try {
      return new StoredDatabase(connect(started.uri(), timeout), started);
    } catch (RuntimeException e) {
      started.close();
      throw e;
    }
  }

  static StoredDatabase open(String uri, Duration timeout) {
    return new StoredDatabase(connect(uri, timeout), null);
  }

  private static Connection connect(String uri, Duration timeout) {
    try {
      var connection = DatabaseUri.parse(uri).dataSource(CONNECT_TIMEOUT, timeout).getConnection();
      connection.setReadOnly(true);
      return connection;
    } catch (IllegalArgumentException e) {
      throw new DatabaseStartException(String.valueOf(e.getMessage()), e);
    } catch (SQLException e) {
      throw cannotRead("predictions", e);
    }
  }

  /**
   * @param what in the message
   */
  static DatabaseStartException cannotRead(String what, SQLException e) {
    return new DatabaseStartException(
        "Cannot read the %s: %s".formatted(what, SqlFailure.describe(e)), e);
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw cannotRead("predictions", e);
    } finally {
      if (started != null) started.close();
    }
  }
}
