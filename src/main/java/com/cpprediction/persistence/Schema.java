package com.cpprediction.persistence;

import com.cpprediction.postgres.DatabaseStartException;
import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.SqlFailure;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the schema up to date, makes partitions ahead of their months and drops those of months
 * that need not be kept. Blocks: JDBC.
 */
public final class Schema {
  private static final Logger log = LoggerFactory.getLogger(Schema.class);
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration SOCKET_TIMEOUT = Duration.ofSeconds(30);
  private static final String LOCK_TIMEOUT = "SET lock_timeout = '5s'"; // inserts queue up behind
  private static final int OUTCOMES = 10_000; // deleted in one go

  /** By how much the clocks of this node and PostgreSQL may differ before nothing is dropped. */
  static final Duration TOLERANCE = Duration.ofHours(1);

  private static final String FORGET_OUTCOMES =
      """
      DELETE FROM outcomes
      WHERE shipment_id = ANY (ARRAY(
        SELECT shipment_id FROM outcomes WHERE reported_at < now() - make_interval(days => ?)
        LIMIT ? FOR UPDATE SKIP LOCKED))
      """;

  // As the last outcome of a day goes, its counts come to 0.
  private static final String FORGET_COUNTS =
      """
      DELETE FROM outcome_counts
      WHERE day <= ((now() - make_interval(days => ?)) AT TIME ZONE 'UTC')::date AND outcomes = 0
      """;

  private static final String STRAY =
      "SELECT count(*), min(predicted_at)::text, max(predicted_at)::text FROM predictions_default";

  private final DataSource source;
  private final Clock clock;
  private volatile Duration skew = Duration.ZERO;
  private volatile long stray;
  private boolean skewed; // as the log has it

  /**
   * @param clock of this node, which is compared with PostgreSQL's
   */
  public Schema(DatabaseUri uri, Clock clock) {
    this.source = uri.dataSource(CONNECT_TIMEOUT, SOCKET_TIMEOUT);
    this.clock = clock;
  }

  /**
   * Brings the database at {@code uri} up to date.
   *
   * @param days {@code persistence.retention_days}
   * @throws DatabaseStartException when it cannot be reached or migrated
   */
  public static void migrate(String uri, int days) {
    try {
      new Schema(DatabaseUri.parse(uri), Clock.systemUTC()).migrate(days);
    } catch (IllegalArgumentException e) {
      throw new DatabaseStartException(e.getMessage(), e);
    } catch (FlywayException e) {
      throw new DatabaseStartException("Cannot migrate the database: " + SqlFailure.describe(e), e);
    }
  }

  /**
   * Runs what migrations are missing, under Flyway's lock, then {@link #partitions}.
   *
   * @param days as {@link #retain} gets them
   */
  public void migrate(int days) {
    Flyway.configure(Schema.class.getClassLoader())
        .dataSource(source)
        .locations("classpath:db/migration")
        .connectRetries(0)
        .baselineOnMigrate(true) // the schema may hold tables of others
        .baselineVersion("0")
        .load()
        .migrate();
    partitions(days);
  }

  /**
   * Makes the partitions of the months around PostgreSQL's own time, but for those that {@link
   * #retain} would drop, and takes note of rows that belong to none. A month without a partition is
   * no failure: its rows go to the default one and move later.
   *
   * @param days as {@link #retain} gets them
   */
  void partitions(int days) {
    try (var connection = source.getConnection();
        var settings = connection.createStatement();
        var months = connection.prepareStatement("SELECT predictions_months(?, now())::text");
        var partition = connection.prepareStatement("SELECT predictions_partition(?::date)")) {
      settings.execute(LOCK_TIMEOUT);
      months.setInt(1, days);
      for (var month : texts(months)) {
        partition.setString(1, month);
        partition.execute();
      }
      countStray(connection);
    } catch (SQLException e) {
      log.warn("Cannot make partitions ahead: {}", SqlFailure.describe(e));
    }
  }

  private void countStray(Connection connection) throws SQLException {
    try (var statement = connection.createStatement();
        var found = statement.executeQuery(STRAY)) {
      found.next();
      long before = stray;
      stray = found.getLong(1);
      if (before > 0 || stray == 0) return;
      log.warn(
          "{} predictions bear times of months without a partition, {} to {}, and lie in predictions_default: a clock was wrong, or they waited long. They are kept as long as others, from when they were stored",
          stray,
          found.getString(2),
          found.getString(3));
    }
  }

  /**
   * Drops the months that ended more than {@code days} days before PostgreSQL's own time, whole,
   * and outcomes reported before that; failing is no failure, they are dropped some other time.
   * Drops nothing while that time and this node's differ by more than {@link #TOLERANCE}: one of
   * them is wrong, and which one is not known.
   *
   * @param days 0 to keep everything
   */
  void retain(int days) {
    try (var connection = source.getConnection();
        var settings = connection.createStatement();
        var retain = connection.prepareStatement("SELECT predictions_retain(?, now())")) {
      if (!agreesOnTime(connection) || days == 0) return;
      settings.execute(LOCK_TIMEOUT);
      retain.setInt(1, days);
      var dropped = texts(retain);
      if (!dropped.isEmpty()) {
        log.info("Dropped {}: persistence.retention_days is {}", String.join(", ", dropped), days);
      }
      forget(connection, days);
    } catch (SQLException e) {
      log.warn("Cannot drop what is older than {} days: {}", days, SqlFailure.describe(e));
    }
  }

  private boolean agreesOnTime(Connection connection) throws SQLException {
    try (var statement = connection.createStatement();
        var now = statement.executeQuery("SELECT clock_timestamp()")) {
      now.next();
      skew = Duration.between(now.getObject(1, OffsetDateTime.class).toInstant(), clock.instant());
    }
    boolean before = skewed;
    skewed = skewed();
    if (skewed && !before) {
      log.warn(
          "The clock of this node is {} s {} PostgreSQL's; nothing old is dropped until they agree within {} s",
          skew.abs().toSeconds(),
          skew.isNegative() ? "behind" : "ahead of",
          TOLERANCE.toSeconds());
    } else if (before && !skewed) {
      log.info("The clocks of this node and PostgreSQL agree again");
    }
    return !skewed;
  }

  /** How far this node's clock was ahead of PostgreSQL's at the last look; from any thread. */
  Duration skew() {
    return skew;
  }

  /** Whether that is too much to drop anything; from any thread. */
  boolean skewed() {
    return skew.abs().compareTo(TOLERANCE) > 0;
  }

  /** Rows that belonged to no month's partition at the last look; from any thread. */
  long stray() {
    return stray;
  }

  private static List<String> texts(PreparedStatement query) throws SQLException {
    try (var rows = query.executeQuery()) {
      var all = new ArrayList<String>();
      while (rows.next()) all.add(rows.getString(1));
      return all;
    }
  }

  /** A transaction for every few: whoever reports outcomes meanwhile waits for one at most. */
  private static void forget(Connection connection, int days) throws SQLException {
    try (var outcomes = connection.prepareStatement(FORGET_OUTCOMES);
        var counts = connection.prepareStatement(FORGET_COUNTS)) {
      outcomes.setInt(1, days);
      outcomes.setInt(2, OUTCOMES);
      int forgotten = OUTCOMES;
      while (forgotten == OUTCOMES) forgotten = outcomes.executeUpdate();
      counts.setInt(1, days);
      counts.executeUpdate();
    }
  }
}
