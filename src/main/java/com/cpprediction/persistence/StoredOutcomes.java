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

  private static final String COLUMNS =
      """
      SELECT outcomes.shipment_id, coalesce(predictions.address, refused.address) AS address, predictions.pincode,
             coalesce(predictions.pincode_field, refused.pincode_field) AS pincode_field,
             predictions.pincode_believed, coalesce(predictions.prefix, refused.prefix) AS prefix, outcomes.cp,
             outcomes.predicted, outcomes.result, outcomes.reported_at, outcomes.origin, outcomes.author
      """;

  // What was refused for want of a pincode has no prediction, and an address.
  private static final String BETWEEN =
      """
      FROM outcomes LEFT JOIN predictions USING (prediction_id)
      LEFT JOIN LATERAL (
        SELECT address, pincode_field, prefix
        FROM refusals
        WHERE outcomes.prediction_id IS NULL AND refusals.shipment_id = outcomes.shipment_id
        ORDER BY refusal_id DESC
        LIMIT 1) AS refused ON true
      WHERE outcomes.reported_at >= ? AND outcomes.reported_at < ?
      """;

  private static final String IN_ORDER = "ORDER BY outcomes.reported_at, outcomes.shipment_id\n";

  private static final String EACH = COLUMNS + BETWEEN + IN_ORDER;

  /** Outcomes of shipments whose addresses are stored. */
  private static final String KNOWN =
      BETWEEN + "AND (predictions.address IS NOT NULL OR refused.address IS NOT NULL)\n";

  private static final String EACH_KNOWN = COLUMNS + KNOWN + IN_ORDER;
  private static final String COUNT = "SELECT count(*), min(outcomes.reported_at)\n" + KNOWN;
  private static final String TIME =
      "SELECT outcomes.reported_at\n" + KNOWN + "ORDER BY outcomes.reported_at OFFSET ? LIMIT 1";

  private final StoredDatabase database;

  /**
   * A reported outcome.
   *
   * @param address as typed; null where neither a prediction nor a refusal of the shipment is
   *     stored
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
   * Known outcomes of a time: those of shipments whose addresses are stored.
   *
   * @param count number of all
   * @param cut a time that older ones were reported before; absent where all have one time
   * @param newest number of those that were reported from then on
   */
  public record Known(long count, @Nullable Instant cut, long newest) {}

  /**
   * The outcomes reported from {@code since} to before {@code until}, oldest first; all of one
   * moment of the database.
   *
   * @param use called for each
   */
  public void each(Instant since, Instant until, Consumer<Outcome> use) {
    each(EACH, since, until, use);
  }

  /** As {@link #each(Instant, Instant, Consumer)}, of shipments whose addresses are stored. */
  public void eachKnown(Instant since, Instant until, Consumer<Outcome> use) {
    each(EACH_KNOWN, since, until, use);
  }

  private void each(String sql, Instant since, Instant until, Consumer<Outcome> use) {
    try {
      var connection = database.connection();
      connection.setAutoCommit(false); // with it, pgjdbc reads all rows at once
      try (var statement = prepared(sql, since, until)) {
        statement.setFetchSize(FETCHED);
        try (var rows = statement.executeQuery()) {
          while (rows.next()) use.accept(read(rows));
        }
      } finally {
        connection.rollback();
        connection.setAutoCommit(true);
      }
    } catch (SQLException e) {
      throw StoredDatabase.cannotRead("outcomes", e);
    }
  }

  /**
   * Counts known outcomes, and cuts the newest off. Those of one time stay together.
   *
   * @param share of the newest, 0..1
   */
  public Known known(Instant since, Instant until, double share) {
    try {
      long count;
      Instant first;
      try (var statement = prepared(COUNT, since, until);
          var row = statement.executeQuery()) {
        row.next();
        count = row.getLong(1);
        var time = row.getObject(2, OffsetDateTime.class);
        if (time == null) return new Known(0, null, 0);
        first = time.toInstant();
      }
      var cut = time(since, until, Math.min(count - 1, (long) (count * (1 - share))));
      if (first.equals(cut)) cut = time(first.plusNanos(1_000), until, 0);
      if (cut == null) return new Known(count, null, 0);
      return new Known(count, cut, count(cut, until));
    } catch (SQLException e) {
      throw StoredDatabase.cannotRead("outcomes", e);
    }
  }

  private long count(Instant since, Instant until) throws SQLException {
    try (var statement = prepared(COUNT, since, until);
        var row = statement.executeQuery()) {
      row.next();
      return row.getLong(1);
    }
  }

  /** The time of a known outcome; null where there are not so many. */
  private @Nullable Instant time(Instant since, Instant until, long place) throws SQLException {
    try (var statement = prepared(TIME, since, until)) {
      statement.setLong(3, place);
      try (var row = statement.executeQuery()) {
        return row.next() ? time(row) : null;
      }
    }
  }

  private PreparedStatement prepared(String sql, Instant since, Instant until) throws SQLException {
    var statement = database.connection().prepareStatement(sql);
    try {
      statement.setObject(1, since.atOffset(ZoneOffset.UTC));
      statement.setObject(2, until.atOffset(ZoneOffset.UTC));
      return statement;
    } catch (SQLException e) {
      statement.close();
      throw e;
    }
  }

  private static Instant time(ResultSet row) throws SQLException {
    return Objects.requireNonNull(row.getObject("reported_at", OffsetDateTime.class)).toInstant();
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
        time(row),
        row.getString("origin"),
        row.getString("author"));
  }

  @Override
  public void close() {
    database.close();
  }
}
