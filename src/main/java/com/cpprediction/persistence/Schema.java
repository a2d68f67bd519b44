package com.cpprediction.persistence;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
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
  private static final int MONTHS = 4; // last month, as an id may be a day old, to the next two

  private static final String FORGET_OUTCOMES =
      """
      DELETE FROM outcomes
      WHERE shipment_id = ANY (ARRAY(
        SELECT shipment_id FROM outcomes WHERE reported_at < ? LIMIT ? FOR UPDATE SKIP LOCKED))
      """;

  // As the last outcome of a day goes, its counts come to 0.
  private static final String FORGET_COUNTS =
      "DELETE FROM outcome_counts WHERE day <= ? AND outcomes = 0";

  private final DataSource source;
  private final Clock clock;

  Schema(DatabaseUri uri, Clock clock) {
    this.source = uri.dataSource(CONNECT_TIMEOUT, SOCKET_TIMEOUT);
    this.clock = clock;
  }

  /**
   * Brings the database at {@code uri} up to date.
   *
   * @throws DatabaseStartException when it cannot be reached or migrated
   */
  public static void migrate(String uri) {
    try {
      new Schema(DatabaseUri.parse(uri), Clock.systemUTC()).migrate();
    } catch (IllegalArgumentException e) {
      throw new DatabaseStartException(e.getMessage(), e);
    } catch (FlywayException e) {
      throw new DatabaseStartException("Cannot migrate the database: " + Trouble.describe(e), e);
    }
  }

  /** Runs what migrations are missing, under Flyway's lock, then {@link #partitions}. */
  void migrate() {
    Flyway.configure(Schema.class.getClassLoader())
        .dataSource(source)
        .locations("classpath:db/migration")
        .connectRetries(0)
        .baselineOnMigrate(true) // the schema may hold tables of others
        .baselineVersion("0")
        .load()
        .migrate();
    partitions();
  }

  /** A month without a partition is no failure: its rows go to the default one and move later. */
  void partitions() {
    try (var connection = source.getConnection();
        var settings = connection.createStatement();
        var partition = connection.prepareStatement("SELECT predictions_partition(?::date)")) {
      settings.execute(LOCK_TIMEOUT);
      var first = YearMonth.now(clock).minusMonths(1);
      for (int i = 0; i < MONTHS; i++) {
        partition.setObject(1, first.plusMonths(i).atDay(1));
        partition.execute();
      }
    } catch (SQLException e) {
      log.warn("Cannot make partitions ahead: {}", Trouble.describe(e));
    }
  }

  /**
   * Drops the months that ended more than {@code days} days ago, whole, and outcomes reported
   * before that; failing is no failure, they are dropped some other time.
   *
   * @param days 0 to keep everything
   */
  void retain(int days) {
    if (days == 0) return;
    try (var connection = source.getConnection();
        var settings = connection.createStatement();
        var retain = connection.prepareStatement("SELECT predictions_retain(?, ?)")) {
      settings.execute(LOCK_TIMEOUT);
      retain.setInt(1, days);
      retain.setObject(2, clock.instant().atOffset(ZoneOffset.UTC));
      var dropped = new ArrayList<String>();
      try (var rows = retain.executeQuery()) {
        while (rows.next()) dropped.add(rows.getString(1));
      }
      if (!dropped.isEmpty()) {
        log.info("Dropped {}: persistence.retention_days is {}", String.join(", ", dropped), days);
      }
      forget(connection, clock.instant().minus(days, ChronoUnit.DAYS).atOffset(ZoneOffset.UTC));
    } catch (SQLException e) {
      log.warn("Cannot drop what is older than {} days: {}", days, Trouble.describe(e));
    }
  }

  /** A transaction for every few: whoever reports outcomes meanwhile waits for one at most. */
  private static void forget(Connection connection, OffsetDateTime before) throws SQLException {
    try (var outcomes = connection.prepareStatement(FORGET_OUTCOMES);
        var counts = connection.prepareStatement(FORGET_COUNTS)) {
      outcomes.setObject(1, before);
      outcomes.setInt(2, OUTCOMES);
      int forgotten = OUTCOMES;
      while (forgotten == OUTCOMES) forgotten = outcomes.executeUpdate();
      counts.setObject(1, before.toLocalDate());
      counts.executeUpdate();
    }
  }
}
