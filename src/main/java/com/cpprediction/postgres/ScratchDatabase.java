package com.cpprediction.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;

/**
 * A temporary database of the embedded server: created empty, dropped on close. Blocks: JDBC.
 * Throws {@link DatabaseStartException} when a statement fails.
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
   * Creates a database and runs a checkpoint, so that dirty pages of earlier databases don't add to
   * the work measured in this one.
   *
   * @param name lower-case letters, digits and underscores; an existing database is replaced
   */
  public static ScratchDatabase create(EmbeddedDatabase server, String name) {
    if (!name.matches("[a-z][a-z0-9_]{0,62}")) throw new IllegalArgumentException(name);
    var scratch = new ScratchDatabase(server.uri(), name);
    scratch.drop();
    scratch.executeOnServer("CREATE DATABASE " + name);
    scratch.executeOnServer("CHECKPOINT");
    return scratch;
  }

  /** For {@code database.uri}. */
  public String uri() {
    return serverUri.substring(0, serverUri.lastIndexOf('/') + 1) + name;
  }

  /** Number of predictions stored, without rejected ones. */
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

  private void executeOnServer(String sql) {
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

  /** Drops the database and ends its sessions. */
  @Override
  public void close() {
    drop();
  }

  /**
   * Not {@code WITH (FORCE)}, which fails while a worker of the server vacuums the database, since
   * only a superuser may end that worker; without it the server ends the worker itself.
   */
  private void drop() {
    executeOnServer(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            + " WHERE datname = '%s' AND usename = current_user".formatted(name));
    executeOnServer("DROP DATABASE IF EXISTS " + name);
  }
}
