package com.cpprediction.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;

/**
 * A database of the embedded server for one trial of a command: empty at first, gone when it is
 * closed. Blocks: JDBC. Fails with {@link DatabaseStartException} when the server does not do what
 * it is told.
 */
public final class ScratchDatabase implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration SOCKET_TIMEOUT = Duration.ofSeconds(60);

  private final String serverUri;
  private final String name;

  private ScratchDatabase(String serverUri, String name) {
    this.serverUri = serverUri;
    this.name = name;
  }

  /**
   * Makes one, and has the server write out what others left behind, so that its checkpoint is not
   * taken for the next one's work.
   *
   * @param name lower-case letters, digits and underscores; one that is there is replaced
   */
  public static ScratchDatabase create(EmbeddedDatabase server, String name) {
    if (!name.matches("[a-z][a-z0-9_]{0,62}")) throw new IllegalArgumentException(name);
    var scratch = new ScratchDatabase(server.uri(), name);
    scratch.onServer("DROP DATABASE IF EXISTS %s WITH (FORCE)".formatted(name));
    scratch.onServer("CREATE DATABASE " + name);
    scratch.onServer("CHECKPOINT");
    return scratch;
  }

  /** For {@code database.uri}. */
  public String uri() {
    return serverUri.substring(0, serverUri.lastIndexOf('/') + 1) + name;
  }

  /** Predictions in it, those set aside not counted. */
  public long stored() {
    try (var connection = connect(uri());
        var statement = connection.createStatement();
        var rows = statement.executeQuery("SELECT count(*) FROM predictions")) {
      rows.next();
      return rows.getLong(1);
    } catch (SQLException e) {
      throw failed("count the predictions", e);
    }
  }

  private void onServer(String sql) {
    try (var connection = connect(serverUri);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw failed("prepare a database", e);
    }
  }

  private static Connection connect(String uri) throws SQLException {
    DataSource source = DatabaseUri.parse(uri).dataSource(CONNECT_TIMEOUT, SOCKET_TIMEOUT);
    return source.getConnection();
  }

  private static DatabaseStartException failed(String what, SQLException e) {
    return new DatabaseStartException("Cannot %s: %s".formatted(what, SqlFailure.describe(e)), e);
  }

  /** Drops it, whoever still uses it. */
  @Override
  public void close() {
    onServer("DROP DATABASE IF EXISTS %s WITH (FORCE)".formatted(name));
  }
}
