package com.cpprediction.persistence;

import com.cpprediction.config.DatabaseConfig;
import com.cpprediction.postgres.DatabaseStartException;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads reported outcomes and the predictions they judge for commands, with or without a running
 * service, in constant memory. Read-only. Blocks: JDBC. Throws {@link DatabaseStartException} when
 * the database can't be read.
 */
public final class StoredOutcomes implements AutoCloseable {
  /** Rows that one round trip fetches. */
  private static final int FETCHED = 1_000;

  /** A first row comes after all of a sort, at worst. */
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  // One row for each shipment: the latest prediction before the report, or none.
  private static final String BETWEEN =
      """
      SELECT outcomes.shipment_id, predictions.address, predictions.pincode, predictions.pincode_field,
             predictions.pincode_believed, predictions.prefix, outcomes.cp, outcomes.predicted, outcomes.result,
             outcomes.reported_at, outcomes.origin, outcomes.author
      FROM outcomes LEFT JOIN predictions USING (prediction_id)
      WHERE outcomes.reported_at >= ? AND outcomes.reported_at < ?
      ORDER BY outcomes.reported_at, outcomes.shipment_id
      """;

  private final StoredDatabase database;

  /**
   * A reported outcome.
   *
   * @param address as typed; null where no prediction of the shipment is stored
   * @param pincode that counted as the one of the request; null for none
   * @param pincodeField six digits as sent; null for none
   * @param believed the pincode that was believed; null for none
   * @param prefix of the prediction; null without one
   * @param cp where the shipment truly went
   * @param predicted null without a prediction
   * @param result right, alternative, wrong or unknown
   * @param origin report or review
   * @param author name of the caller who reported it; empty where the token has none
   */
  public record Outcome(
      String shipmentId,
      @Nullable String address,
      @Nullable String pincode,
      @Nullable String pincodeField,
      @Nullable String believed,
      @Nullable String prefix,
      String cp,
      @Nullable String predicted,
      String result,
      Instant reportedAt,
      String origin,
      String author) {}

  private StoredOutcomes(StoredDatabase database) {
    this.database = database;
  }

  /**
   * Connects to the configured or embedded server. An embedded server that doesn't run is started,
   * and stopped on {@link #close}.
   *
   * @param dataDir {@code data_dir}
   */
  public static StoredOutcomes open(DatabaseConfig database, Path dataDir) {
    return new StoredOutcomes(StoredDatabase.open(database, dataDir, TIMEOUT));
  }

  /**
   * The outcomes reported from {@code since} to before {@code until}, oldest first; all of one
   * moment of the database.
   *
   * @param use called for each
   */
  public void each(Instant since, Instant until, Consumer<Outcome> use) {
    try {
      var connection = database.connection();
      connection.setAutoCommit(false); // pgjdbc reads all rows at once with it
      try (var statement = connection.prepareStatement(BETWEEN)) {
        statement.setFetchSize(FETCHED);
        setTimes(statement, since, until);
        try (var rows = statement.executeQuery()) {
          while (rows.next()) use.accept(read(rows));
        }
      } finally {
        connection.rollback();
      }
    } catch (SQLException e) {
      throw StoredDatabase.cannotRead("outcomes", e);
    }
  }

  private static void setTimes(PreparedStatement statement, Instant since, Instant until)
      throws SQLException {
    statement.setObject(1, since.atOffset(ZoneOffset.UTC));
    statement.setObject(2, until.atOffset(ZoneOffset.UTC));
  }

  private static Outcome read(ResultSet row) throws SQLException {
    return new Outcome(
        row.getString("shipment_id"),
        row.getString("address"),
        row.getString("pincode"),
        row.getString("pincode_field"),
        row.getString("pincode_believed"),
        row.getString("prefix"),
        row.getString("cp"),
        row.getString("predicted"),
        row.getString("result"),
        Objects.requireNonNull(row.getObject("reported_at", OffsetDateTime.class)).toInstant(),
        row.getString("origin"),
        row.getString("author"));
  }

  @Override
  public void close() {
    database.close();
  }
}
