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
import java.time.Instant;
import java.time.ZoneOffset;

/**
 * Deletes the rows of test shipments, whose ids begin alike, while the service runs. Blocks: JDBC.
 * Throws {@link DatabaseStartException} when the database can't be used.
 */
public final class ShipmentDeletion implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration SOCKET_TIMEOUT = Duration.ofMinutes(5);

  // The time spares partitions of other months; an index on ids finds no prefix in most collations.
  private static final String PREDICTIONS =
      "DELETE FROM predictions WHERE starts_with(shipment_id, ?) AND predicted_at >= ?";

  private static final String REJECTS =
      "DELETE FROM prediction_rejects"
          + " WHERE starts_with(prediction ->> 'shipment_id', ?) AND rejected_at >= ?";

  private static final String REFUSALS =
      "DELETE FROM refusals WHERE starts_with(shipment_id, ?) AND stored_at >= ?";

  private final Connection connection;

  private ShipmentDeletion(Connection connection) {
    this.connection = connection;
  }

  /**
   * Connects to the configured server, or to the embedded one of a running service.
   *
   * @param dataDir {@code data_dir}
   */
  public static ShipmentDeletion open(DatabaseConfig database, Path dataDir) {
    var uri =
        database.embedded()
            ? EmbeddedDatabase.running(dataDir)
                .orElseThrow(
                    () ->
                        new DatabaseStartException(
                            "No embedded PostgreSQL runs in data_dir %s; name the service's configuration with --conf"
                                .formatted(dataDir)))
            : database.uri();
    try {
      var source = DatabaseUri.parse(uri).dataSource(CONNECT_TIMEOUT, SOCKET_TIMEOUT);
      return new ShipmentDeletion(source.getConnection());
    } catch (IllegalArgumentException e) {
      throw new DatabaseStartException(String.valueOf(e.getMessage()), e);
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  /**
   * Deletes predictions, refusals and rejected rows.
   *
   * @param ids first characters of the shipment ids, not empty
   * @param since time of the earliest row
   * @return rows deleted
   */
  public long delete(String ids, Instant since) {
    if (ids.isBlank()) throw new IllegalArgumentException("every shipment's id begins so");
    return delete(PREDICTIONS, ids, since)
        + delete(REJECTS, ids, since)
        + delete(REFUSALS, ids, since);
  }

  private long delete(String statement, String ids, Instant since) {
    try (var prepared = connection.prepareStatement(statement)) {
      prepared.setString(1, ids);
      prepared.setObject(2, since.atOffset(ZoneOffset.UTC));
      return prepared.executeLargeUpdate();
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private static DatabaseStartException failed(SQLException cause) {
    return new DatabaseStartException("Cannot delete rows: " + SqlFailure.describe(cause), cause);
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw failed(e);
    }
  }
}
