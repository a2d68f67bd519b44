package com.cpprediction.persistence;

import com.cpprediction.postgres.DatabaseStartException;
import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.EncodingException;
import com.cpprediction.postgres.SqlFailure;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationVersion;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Migrates the schema, creates monthly partitions in advance and drops expired ones. Blocks: JDBC.
 */
public final class Schema {
  private static final Logger log = LoggerFactory.getLogger(Schema.class);
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration SOCKET_TIMEOUT = Duration.ofSeconds(30);

  /** A migration may build an index on all of a large table. */
  private static final Duration MIGRATION_TIMEOUT = Duration.ofMinutes(30);

  private static final String LOCK_TIMEOUT =
      "SET lock_timeout = '5s'"; // inserts queue behind the lock
  private static final int DELETED_PER_STATEMENT = 10_000;

  /** Maximum clock difference between this node and PostgreSQL at which data is dropped. */
  static final Duration MAX_SKEW = Duration.ofHours(1);

  private static final String DELETE_OUTCOMES =
      """
      DELETE FROM outcomes
      WHERE shipment_id = ANY (ARRAY(
        SELECT shipment_id FROM outcomes WHERE reported_at < now() - make_interval(days => ?)
        LIMIT ? FOR UPDATE SKIP LOCKED))
      """;

  // The tables of comparisons with a shadow release.
  private static final List<String> DELETE_COMPARISONS =
      Stream.of("prediction_disagreements", "canary_predictions")
          .map(
              table ->
                  """
                  DELETE FROM %1$s
                  WHERE (prediction_id, predicted_at) IN (
                    SELECT prediction_id, predicted_at FROM %1$s
                    WHERE noted_at < now() - make_interval(days => ?)
                    LIMIT ? FOR UPDATE SKIP LOCKED)
                  """
                      .formatted(table))
          .toList();

  // What was refused, and who reviews what.
  private static final String DELETE_REFUSALS =
      """
      DELETE FROM refusals
      WHERE refusal_id = ANY (ARRAY(
        SELECT refusal_id FROM refusals WHERE stored_at < now() - make_interval(days => ?)
        LIMIT ? FOR UPDATE SKIP LOCKED))
      """;

  private static final String DELETE_CLAIMS =
      """
      DELETE FROM review_claims
      WHERE shipment_id = ANY (ARRAY(
        SELECT shipment_id FROM review_claims WHERE until < now() - make_interval(days => ?)
        LIMIT ? FOR UPDATE SKIP LOCKED))
      """;

  // Deleting the last outcome of a day has set its counts to 0.
  private static final String DELETE_EMPTY_COUNTS =
      """
      DELETE FROM outcome_counts
      WHERE day <= ((now() - make_interval(days => ?)) AT TIME ZONE 'UTC')::date AND outcomes = 0
      """;

  private static final String DELETE_MINUTES =
      "DELETE FROM service_minutes WHERE minute < now() - make_interval(days => ?)";

  private static final String DELETE_MARKS =
      "DELETE FROM service_marks WHERE at < now() - make_interval(days => ?)";

  private static final String STRAY =
      "SELECT count(*), min(predicted_at)::text, max(predicted_at)::text FROM predictions_default";

  private final DataSource source;
  private final DataSource migrations;
  private final Clock clock;
  private volatile Duration skew = Duration.ZERO;
  private volatile long stray;
  private boolean skewLogged;

  public Schema(DatabaseUri uri, Clock clock) {
    this(
        uri.dataSource(CONNECT_TIMEOUT, SOCKET_TIMEOUT),
        uri.dataSource(CONNECT_TIMEOUT, MIGRATION_TIMEOUT),
        clock);
  }

  /**
   * @param migrations connections that migrate
   */
  Schema(DataSource source, DataSource migrations, Clock clock) {
    this.source = source;
    this.migrations = migrations;
    this.clock = clock;
  }

  /**
   * Migrates the database at {@code uri}.
   *
   * @param days {@code persistence.retention_days}
   * @throws DatabaseStartException when it can't be reached or migrated
   */
  public static void migrate(String uri, int days) {
    migrate(uri, schema -> schema.migrate(days));
  }

  /**
   * Migrates the database at {@code uri} to the schema of an earlier version, without partitions.
   *
   * @param version the last migration that is applied
   * @throws DatabaseStartException when it can't be reached or migrated
   */
  public static void migrateTo(String uri, String version) {
    migrate(uri, schema -> schema.applyUntil(MigrationVersion.fromVersion(version)));
  }

  private static void migrate(String uri, Consumer<Schema> migration) {
    try {
      migration.accept(new Schema(DatabaseUri.parse(uri), Clock.systemUTC()));
    } catch (IllegalArgumentException e) {
      throw new DatabaseStartException(String.valueOf(e.getMessage()), e);
    } catch (FlywayException e) {
      throw new DatabaseStartException("Cannot migrate the database: " + SqlFailure.describe(e), e);
    }
  }

  /**
   * Runs pending migrations under Flyway's lock, then {@link #createPartitions}.
   *
   * @param days {@code persistence.retention_days}
   * @throws EncodingException when the database can't hold all letters
   */
  public void migrate(int days) {
    applyUntil(MigrationVersion.LATEST);
    createPartitions(days);
  }

  private void applyUntil(MigrationVersion version) {
    if (isMigrated()) return;
    try {
      flyway(version).migrate();
    } catch (FlywayException e) {
      recordApplied(e);
      flyway(version).migrate();
    }
  }

  private Flyway flyway(MigrationVersion version) {
    var flyway =
        Flyway.configure(Schema.class.getClassLoader())
            .dataSource(migrations)
            .locations("classpath:" + Migrations.LOCATION)
            .connectRetries(0)
            .baselineOnMigrate(true) // the schema may contain unrelated tables
            .baselineVersion("0")
            .target(version);
    // With a lock of the session instead of a transaction's, Flyway keeps its history on the
    // connection that migrates, and so commits a migration and its row at once.
    flyway
        .getConfigurationExtension(PostgreSQLConfigurationExtension.class)
        .setTransactionalLock(false);
    return flyway.load();
  }

  /**
   * Records the migration that {@code failure} is of, if it is applied already.
   *
   * @throws FlywayException when it isn't
   */
  private void recordApplied(FlywayException failure) {
    var state = SqlFailure.sqlState(failure);
    if (state == null || !UnrecordedMigration.mayExplain(state)) throw failure;
    try {
      var recorded = UnrecordedMigration.record(migrations);
      if (recorded.isPresent()) {
        log.warn(
            "{} was applied without its row in flyway_schema_history, which it has now: an earlier start was killed",
            recorded.get());
        return;
      }
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
    var advice =
        "%s. If that is not of this service, give the service a database or a schema of its own; else restore a backup"
            .formatted(SqlFailure.describe(failure));
    throw new FlywayException(advice, new SQLException(advice, state, failure));
  }

  private boolean isMigrated() {
    try (var connection = source.getConnection()) {
      checkEncoding(connection);
      return Migrations.complete(connection);
    } catch (SQLException e) {
      throw new FlywayException("Cannot read the history of the schema", e);
    }
  }

  private static void checkEncoding(Connection connection) throws SQLException {
    try (var statement = connection.createStatement();
        var encoding = statement.executeQuery("SHOW server_encoding")) {
      encoding.next();
      var name = encoding.getString(1);
      if (!name.equals("UTF8")) throw new EncodingException(name);
    }
  }

  /**
   * Creates the partitions of the months around PostgreSQL's own time, except those that {@link
   * #dropExpired} would drop, and counts rows without one. Failing is harmless: rows go to the
   * default partition and are moved later.
   *
   * @param days {@code persistence.retention_days}
   */
  void createPartitions(int days) {
    try (var connection = source.getConnection();
        var settings = connection.createStatement();
        var months = connection.prepareStatement("SELECT predictions_months(?, now())::text");
        var partition = connection.prepareStatement("SELECT predictions_partition(?::date)")) {
      settings.execute(LOCK_TIMEOUT);
      months.setInt(1, days);
      for (var month : strings(months)) {
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
   * Drops the partitions of months that ended more than {@code days} days before PostgreSQL's own
   * time, and deletes outcomes, comparisons, refusals and claims of before that; a failure is
   * retried at the next run. Drops nothing while PostgreSQL's clock and this node's differ by more
   * than {@link #MAX_SKEW}, because either may be wrong.
   *
   * @param days 0 to keep everything
   */
  void dropExpired(int days) {
    try (var connection = source.getConnection();
        var settings = connection.createStatement();
        var dropExpired = connection.prepareStatement("SELECT predictions_retain(?, now())")) {
      if (!checkClocks(connection) || days == 0) return;
      settings.execute(LOCK_TIMEOUT);
      dropExpired.setInt(1, days);
      var dropped = strings(dropExpired);
      if (!dropped.isEmpty()) {
        log.info("Dropped {}: persistence.retention_days is {}", String.join(", ", dropped), days);
      }
      deleteExpiredOutcomes(connection, days);
      for (var table : DELETE_COMPARISONS) deleteExpired(connection, table, days);
      deleteExpired(connection, DELETE_REFUSALS, days);
      deleteExpired(connection, DELETE_CLAIMS, days);
    } catch (SQLException e) {
      log.warn("Cannot drop what is older than {} days: {}", days, SqlFailure.describe(e));
    }
  }

  /**
   * Deletes what is older of the history of the nodes, unless the clocks differed at the last check
   * of {@link #dropExpired}; a failure is retried at the next run.
   *
   * @param days 0 to keep everything
   */
  void dropHistory(int days) {
    if (days == 0 || isSkewed()) return;
    try (var connection = source.getConnection()) {
      for (var sql : List.of(DELETE_MINUTES, DELETE_MARKS)) {
        try (var statement = connection.prepareStatement(sql)) {
          statement.setInt(1, days);
          statement.executeUpdate();
        }
      }
    } catch (SQLException e) {
      log.warn("Cannot drop the history before {} days: {}", days, SqlFailure.describe(e));
    }
  }

  private boolean checkClocks(Connection connection) throws SQLException {
    try (var statement = connection.createStatement();
        var now = statement.executeQuery("SELECT clock_timestamp()")) {
      now.next();
      skew = Duration.between(now.getObject(1, OffsetDateTime.class).toInstant(), clock.instant());
    }
    boolean before = skewLogged;
    skewLogged = isSkewed();
    if (skewLogged && !before) {
      log.warn(
          "The clock of this node is {} s {} PostgreSQL's; nothing old is dropped until they agree within {} s",
          skew.abs().toSeconds(),
          skew.isNegative() ? "behind" : "ahead of",
          MAX_SKEW.toSeconds());
    } else if (before && !skewLogged) {
      log.info("The clocks of this node and PostgreSQL agree again");
    }
    return !skewLogged;
  }

  /** Lead of this node's clock over PostgreSQL's at the last check. Thread-safe. */
  Duration skew() {
    return skew;
  }

  /** Whether the clocks differ too much to drop anything. Thread-safe. */
  boolean isSkewed() {
    return skew.abs().compareTo(MAX_SKEW) > 0;
  }

  /** Rows in the default partition at the last check. Thread-safe. */
  long stray() {
    return stray;
  }

  private static List<String> strings(PreparedStatement query) throws SQLException {
    try (var rows = query.executeQuery()) {
      var all = new ArrayList<String>();
      while (rows.next()) all.add(rows.getString(1));
      return all;
    }
  }

  /** Commits after each statement, so that concurrent reports wait for one at most. */
  private static void deleteExpiredOutcomes(Connection connection, int days) throws SQLException {
    deleteExpired(connection, DELETE_OUTCOMES, days);
    try (var counts = connection.prepareStatement(DELETE_EMPTY_COUNTS)) {
      counts.setInt(1, days);
      counts.executeUpdate();
    }
  }

  /**
   * @param delete takes the days and the number of rows at most
   */
  private static void deleteExpired(Connection connection, String delete, int days)
      throws SQLException {
    try (var expired = connection.prepareStatement(delete)) {
      expired.setInt(1, days);
      expired.setInt(2, DELETED_PER_STATEMENT);
      int forgotten = DELETED_PER_STATEMENT;
      while (forgotten == DELETED_PER_STATEMENT) forgotten = expired.executeUpdate();
    }
  }
}
