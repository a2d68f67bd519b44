package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.common.UserFacingException;
import com.cpprediction.logging.CapturedLog;
import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.TestDatabase;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Collections;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaIT {
  private static final String PARTITIONS =
      "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'predictions'::regclass ORDER BY 1";

  private static final String HISTORY =
      "SELECT concat_ws(' ', version, success) FROM flyway_schema_history ORDER BY installed_rank";

  private static final Duration TOLERANCE = Duration.ofMinutes(1);
  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("'predictions_'yyyy_MM");

  private static final YearMonth MONTH = YearMonth.now(ZoneOffset.UTC);

  @Test
  void migratesAnEmptyDatabaseIdempotently() throws Exception {
    var uri = TestDatabase.create();
    var schema = schema(uri);

    schema.migrate(0);
    schema.migrate(0);

    assertThat(TestDatabase.query(uri, PARTITIONS))
        .containsExactly(
            partition(-1), partition(0), partition(1), partition(2), "predictions_default");
  }

  @Test
  void knowsEveryTableAndEveryTableOfShipments() throws Exception {
    var uri = TestDatabase.migrated();

    var tables =
        TestDatabase.query(
            uri,
            """
            SELECT relname FROM pg_class
            WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
              AND NOT relispartition AND relname <> 'flyway_schema_history'
            """);
    assertThat(Migrations.tables()).containsExactlyInAnyOrderElementsOf(tables);
    assertThat(TestDatabase.query(uri, "SELECT relname FROM pg_class WHERE relkind = 'S'"))
        .as("sequences, which a backup would have to have")
        .isEmpty();
    assertThat(SchemaState.ERASABLE)
        .extracting(SchemaState.Erasable::table)
        .containsExactlyInAnyOrderElementsOf(
            TestDatabase.query(
                uri,
                "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%not_erased' AND tgparentid = 0"));
  }

  @Test
  void findsAMigratedDatabaseWithoutFlyway() throws Exception {
    var uri = TestDatabase.create();

    assertThat(migrated(uri)).isFalse();
    schema(uri).migrate(0);
    assertThat(migrated(uri)).isTrue();

    TestDatabase.execute(
        uri, "UPDATE flyway_schema_history SET checksum = checksum + 1 WHERE version = '3'");
    assertThat(migrated(uri)).isFalse();
    assertThatThrownBy(() -> schema(uri).migrate(0)).hasMessageContaining("checksum mismatch");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "DELETE FROM flyway_schema_history WHERE version = '6'",
        "UPDATE flyway_schema_history SET success = false WHERE version = '6'",
        "ALTER TABLE flyway_schema_history RENAME TO other",
        "CREATE SCHEMA other; ALTER TABLE flyway_schema_history SET SCHEMA other"
      })
  void leavesADatabaseThatLacksAMigrationToFlyway(String change) throws Exception {
    var uri = TestDatabase.create();
    schema(uri).migrate(0);

    TestDatabase.execute(uri, change);

    assertThat(migrated(uri)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 42})
  void goesOnWhereAMigrationWasKilled(long seed) throws Exception {
    var uri = TestDatabase.create();
    var random = new Random(seed);

    int starts = 0;
    try (var log = new CapturedLog()) {
      while (starts % 2 == 0
          ? isKilled(uri, 1 + random.nextInt(4), Integer.MAX_VALUE)
          : isKilled(uri, Integer.MAX_VALUE, 1 + random.nextInt(100))) {
        assertThat(++starts).isLessThan(100);
      }
      assertThat(log.plain())
          .as("a migration that was committed without its row")
          .noneMatch(line -> line.contains("without its row"));
    }

    assertThat(starts).isGreaterThan(5);
    assertThat(migrated(uri)).isTrue();
  }

  /** Starts, and is killed after so many commits or statements, unless it ends before. */
  private static boolean isKilled(String uri, int commits, int statements) throws Exception {
    var source = DatabaseUri.parse(uri).dataSource(Duration.ofSeconds(3), Duration.ofSeconds(30));
    var connections = new KilledConnections(source, uri, commits, statements);
    try {
      new Schema(source, connections.source(), Clock.systemUTC()).migrate(0);
      return false;
    } catch (KilledConnections.Killed e) {
      return true;
    }
  }

  /** What versions before could leave: their process was killed between two commits. */
  @Test
  void recordsAMigrationThatWasAppliedWithoutItsRow() throws Exception {
    var uri = TestDatabase.create();
    for (var version : SchemaState.known()) {
      Schema.migrateTo(uri, version);
      assertThat(TestDatabase.query(uri, HISTORY)).endsWith(version + " t");
      TestDatabase.execute(
          uri, "DELETE FROM flyway_schema_history WHERE version = '%s'".formatted(version));
    }

    schema(uri).migrate(0);

    assertThat(migrated(uri)).isTrue();
    var columns =
        "SELECT concat_ws(' ', version, description, type, script, checksum) FROM flyway_schema_history ORDER BY 1";
    assertThat(TestDatabase.query(uri, columns))
        .isEqualTo(TestDatabase.query(TestDatabase.migrated(), columns));
  }

  @Test
  void recordsNoMigrationWhoseTableIsAnother() throws Exception {
    var uri = TestDatabase.create();
    Schema.migrateTo(uri, "6");
    TestDatabase.execute(uri, "CREATE TABLE audit_log (x int)");

    assertThatThrownBy(() -> Schema.migrate(uri, 0))
        .isInstanceOf(UserFacingException.class)
        .hasMessageContainingAll("\"audit_log\" already exists", "schema of its own");

    assertThat(migrated(uri)).isFalse();
    TestDatabase.execute(uri, "DROP TABLE audit_log");
    schema(uri).migrate(0);
    assertThat(migrated(uri)).isTrue();
  }

  @Test
  void migratesADatabaseWithUnrelatedTables() throws Exception {
    var uri = TestDatabase.create();
    TestDatabase.execute(uri, "CREATE TABLE others (x int)");

    schema(uri).migrate(0);

    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions")).containsExactly("0");
    assertThat(migrated(uri)).isTrue();
  }

  @Test
  void refusesADatabaseThatCanNotHoldAllLetters() throws Exception {
    var uri = latin();

    assertThatThrownBy(() -> Schema.migrate(uri, 0))
        .isInstanceOf(UserFacingException.class)
        .hasMessageContainingAll("is LATIN1", "ENCODING 'UTF8'", "database.uri");
    assertThat(
            TestDatabase.query(uri, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
        .containsExactly("0");
  }

  /** The URI of a new database in Latin-1. */
  static String latin() throws Exception {
    var server = TestDatabase.server().uri();
    var name = "latin" + System.nanoTime();
    TestDatabase.execute(
        server,
        "CREATE DATABASE %s ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0".formatted(name));
    return server.replaceFirst("/postgres$", "/" + name);
  }

  private static boolean migrated(String uri) throws Exception {
    var source = DatabaseUri.parse(uri).dataSource(Duration.ofSeconds(3), Duration.ofSeconds(30));
    try (var connection = source.getConnection()) {
      return Migrations.complete(connection);
    }
  }

  @Test
  void movesRowsFromTheDefaultPartitionToTheirMonth() throws Exception {
    var uri = TestDatabase.create();
    schema(uri).migrate(0);
    TestDatabase.execute(uri, "DROP TABLE %s, %s".formatted(partition(0), partition(1)));
    insert(uri, last(-1));
    insert(uri, first(0));
    insert(uri, last(0));
    insert(uri, first(1));
    insert(uri, first(9));

    schema(uri).createPartitions(0);

    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions")).containsExactly("5");
    assertThat(count(uri, partition(-1))).isEqualTo(1);
    assertThat(count(uri, partition(0))).isEqualTo(2);
    assertThat(count(uri, partition(1))).isEqualTo(1);
    assertThat(count(uri, "predictions_default")).isEqualTo(1);
    assertThat(
            TestDatabase.query(
                uri,
                "SELECT count(*) FROM pg_index WHERE indrelid = '%s'::regclass"
                    .formatted(partition(0))))
        .containsExactly("5");
  }

  @Test
  void migratesTheFirstSchemaWithItsRows() throws Exception {
    var uri = TestDatabase.create();
    var databaseUri = DatabaseUri.parse(uri);
    Flyway.configure()
        .dataSource(databaseUri.dataSource(Duration.ofSeconds(3), Duration.ofSeconds(30)))
        .locations("classpath:db/migration")
        .target("1")
        .load()
        .migrate();
    TestDatabase.execute(uri, "SELECT predictions_partition('2031-04-01')");
    insert(uri, "2031-04-10T10:00:00Z");
    insert(uri, first(0));
    var rows =
        "SELECT json_strip_nulls(row_to_json(p))::text FROM predictions p ORDER BY prediction_id";
    var before = TestDatabase.query(uri, rows);

    schema(uri).migrate(0);

    assertThat(before).hasSize(2);
    assertThat(TestDatabase.query(uri, rows)).isEqualTo(before);
    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions_default"))
        .containsExactly("0");
  }

  @Test
  void findsAShipmentByAnIndexInEveryPartition() throws Exception {
    var uri = TestDatabase.create();
    schema(uri).migrate(0);
    TestDatabase.execute(
        uri,
        """
        SELECT predictions_partition('2031-04-01');
        SELECT predictions_partition('2031-05-01');
        INSERT INTO predictions
        SELECT gen_random_uuid(), timestamptz '2031-04-01' + i * interval '10 minutes', 'S' || i, 'MG Road',
               '560017', '560', 'CP1', 0.9, '[]', 'f', 'model'
        FROM generate_series(1, 10000) i;
        ANALYZE predictions
        """);

    var plan =
        TestDatabase.query(
            uri,
            "EXPLAIN SELECT * FROM predictions WHERE shipment_id = 'S7' ORDER BY predicted_at DESC, prediction_id DESC");

    assertThat(plan)
        .filteredOn(line -> line.contains("Scan") && !line.contains("predictions_default"))
        .isNotEmpty()
        .noneMatch(line -> line.contains("Seq Scan on predictions_2031_04"))
        .noneMatch(line -> line.contains("Seq Scan on predictions_2031_05"));
  }

  @Test
  void dropsExpiredMonthsAsAWhole() throws Exception {
    var uri = TestDatabase.create();
    schema(uri).migrate(0);
    for (int month = 2; month <= 5; month++) {
      TestDatabase.execute(uri, "SELECT predictions_partition('2031-0%d-01')".formatted(month));
    }
    insert(uri, "2031-01-20T00:00:00Z", "2031-01-20T00:00:01Z"); // to the default partition
    insert(uri, "2031-02-28T23:59:59.999Z", "2031-03-01T00:00:00Z");
    insert(uri, "2031-03-01T00:00:00Z", "2031-03-01T00:00:01Z");
    insert(uri, "2031-09-01T00:00:00Z", "2031-03-01T00:00:01Z"); // to the default partition
    insert(uri, "1970-01-01T00:00:00Z", "2031-03-01T00:00:01Z"); // the same
    reject(uri, "2031-03-09T00:00:00Z");
    reject(uri, "2031-03-11T00:00:00Z");

    var dropped =
        TestDatabase.query(uri, "SELECT predictions_retain(51, '2031-04-30')"); // to 10 March

    assertThat(dropped)
        .containsExactly(
            partition(-1), partition(0), partition(1), partition(2), "predictions_2031_02");
    assertThat(TestDatabase.query(uri, PARTITIONS))
        .containsExactly(
            "predictions_2031_03",
            "predictions_2031_04",
            "predictions_2031_05",
            "predictions_default");
    assertThat(
            TestDatabase.query(uri, "SELECT predicted_at::date::text FROM predictions ORDER BY 1"))
        .containsExactly("1970-01-01", "2031-03-01", "2031-09-01");
    assertThat(TestDatabase.query(uri, "SELECT rejected_at::date::text FROM prediction_rejects"))
        .containsExactly("2031-03-11");
  }

  @Test
  void deletesExpiredOutcomes() throws Exception {
    var uri = TestDatabase.create();
    schema(uri).migrate(0);
    TestDatabase.execute(
        uri,
        """
        INSERT INTO outcomes (shipment_id, cp, reported_at, result, look_at)
        SELECT 'S' || i, 'CP1', now() - interval '51 days' - i * interval '1 second', 'unknown', now()
        FROM generate_series(0, 25000) i
        UNION ALL SELECT 'kept', 'CP1', now() - interval '49 days', 'unknown', now()
        """);

    schema(uri).dropExpired(51);

    assertThat(TestDatabase.query(uri, "SELECT shipment_id FROM outcomes")).containsExactly("kept");
    assertThat(
            TestDatabase.query(
                uri,
                "SELECT outcomes FROM outcome_counts WHERE day > (now() - interval '50 days')::date"))
        .containsExactly("1");
    assertThat(TestDatabase.query(uri, "SELECT sum(outcomes) FROM outcome_counts"))
        .containsExactly("1");
  }

  @Test
  void deletesExpiredRefusalsAndClaims() throws Exception {
    var uri = TestDatabase.create();
    schema(uri).migrate(0);
    TestDatabase.execute(
        uri,
        """
        INSERT INTO refusals (refusal_id, refused_at, shipment_id, address, detail, confidence, guesses, stored_at)
        SELECT gen_random_uuid(), now(), 'S' || days, 'MG Road', 'no pincode', 0, '[]',
               now() - make_interval(days => days)
        FROM unnest(ARRAY[49, 52]) AS days;
        INSERT INTO review_claims (shipment_id, claimed_by, desk, claimed_at, until)
        SELECT 'S' || days, '', '', now(), now() - make_interval(days => days)
        FROM unnest(ARRAY[49, 52]) AS days
        """);

    schema(uri).dropExpired(51);

    assertThat(TestDatabase.query(uri, "SELECT shipment_id FROM refusals")).containsExactly("S49");
    assertThat(TestDatabase.query(uri, "SELECT shipment_id FROM review_claims"))
        .containsExactly("S49");
  }

  @Test
  void dropsNothingWithoutARetentionPeriod() throws Exception {
    var uri = TestDatabase.create();
    schema(uri).migrate(0);
    TestDatabase.execute(uri, "SELECT predictions_partition('2001-01-01')");
    var before = TestDatabase.query(uri, PARTITIONS);

    schema(uri).dropExpired(0);

    assertThat(TestDatabase.query(uri, PARTITIONS)).isEqualTo(before);
  }

  @Test
  void dropsMonthsFromSeveralNodesAtOnce() throws Exception {
    var uri = TestDatabase.create();
    schema(uri).migrate(0);
    var kept = TestDatabase.query(uri, PARTITIONS);
    TestDatabase.execute(uri, "SELECT predictions_partition('2001-01-01')");
    TestDatabase.execute(uri, "SELECT predictions_partition('2001-02-01')");
    var nodes = Executors.newFixedThreadPool(4);
    try {
      var calls = Collections.nCopies(8, Executors.callable(() -> schema(uri).dropExpired(62)));
      for (var call : nodes.invokeAll(calls)) call.get();
    } finally {
      nodes.shutdownNow();
    }

    assertThat(TestDatabase.query(uri, PARTITIONS)).isEqualTo(kept);
  }

  @Test
  void skipsAMonthThatIsBeingRead() throws Exception {
    var uri = TestDatabase.create();
    schema(uri).migrate(0);
    TestDatabase.execute(uri, "SELECT predictions_partition('2001-01-01')");
    var source = DatabaseUri.parse(uri).dataSource(Duration.ofSeconds(3), Duration.ofSeconds(30));
    try (var reader = source.getConnection();
        var statement = reader.createStatement()) {
      reader.setAutoCommit(false);
      statement.executeQuery("SELECT * FROM predictions");

      schema(uri).dropExpired(62);
    }

    insert(uri, "2001-01-10T00:00:00Z");
    assertThat(count(uri, "predictions_2001_01")).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"0, 4, 2031-04-01", "10, 3, 2031-05-01", "20, 4, 2031-04-01", "400, 4, 2031-04-01"})
  void createsNoMonthThatIsExpired(int days, int months, String first) throws Exception {
    var uri = TestDatabase.migrated();

    assertThat(
            TestDatabase.query(
                uri, "SELECT predictions_months(%d, '2031-05-20')::text".formatted(days)))
        .hasSize(months)
        .startsWith(first);
  }

  @Test
  void createsNoExpiredMonthOnAnyDayOfTwoYears() throws Exception {
    var uri = TestDatabase.migrated();

    assertThat(
            TestDatabase.query(
                uri,
                """
                SELECT moment || ' ' || days
                FROM generate_series(timestamptz '2031-01-01 00:00+00', '2032-12-31 23:00+00', interval '1 day') AS moment,
                     unnest(ARRAY[1, 10, 29, 31, 60, 400]) AS days,
                     predictions_months(days, moment) AS month
                WHERE (month + interval '1 month') AT TIME ZONE 'UTC'
                   <= date_trunc('month', (moment - make_interval(days => days)) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
                   OR date_trunc('month', moment AT TIME ZONE 'UTC') NOT IN (SELECT * FROM predictions_months(days, moment))
                """))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"P3650D", "-P3650D", "PT61M", "-PT61M"})
  void dropsNothingWhileTheClocksDiffer(String ahead) throws Exception {
    var uri = TestDatabase.create();
    schema(uri).migrate(0);
    TestDatabase.execute(uri, "SELECT predictions_partition('2001-01-01')");
    reject(uri, "2001-01-01T00:00:00Z");
    var before = TestDatabase.query(uri, PARTITIONS);
    var clock = new AtomicReference<>(Clock.offset(Clock.systemUTC(), Duration.parse(ahead)));
    var schema = new Schema(DatabaseUri.parse(uri), delegating(clock));
    try (var log = new CapturedLog()) {
      schema.dropExpired(30);
      schema.dropExpired(30);

      assertThat(TestDatabase.query(uri, PARTITIONS)).isEqualTo(before);
      assertThat(count(uri, "prediction_rejects")).isEqualTo(1);
      assertThat(schema.isSkewed()).isTrue();
      assertThat(schema.skew().minus(Duration.parse(ahead)).abs()).isLessThan(TOLERANCE);
      assertThat(log.plain()).filteredOn(line -> line.contains("clock")).hasSize(1);
    }

    clock.set(Clock.offset(Clock.systemUTC(), Duration.ofMinutes(55)));
    schema.dropExpired(30);

    assertThat(schema.isSkewed()).isFalse();
    assertThat(TestDatabase.query(uri, PARTITIONS)).doesNotContain("predictions_2001_01");
    assertThat(count(uri, "prediction_rejects")).isZero();
  }

  @Test
  void countsARowOf1970AndKeepsItAsLongAsOthers() throws Exception {
    var uri = TestDatabase.create();
    var schema = schema(uri);
    schema.migrate(0);
    assertThat(schema.stray()).isZero();
    insert(uri, "1970-01-01T00:00:00Z");
    try (var log = new CapturedLog()) {
      schema.createPartitions(62);
      schema.createPartitions(62);

      assertThat(schema.stray()).isEqualTo(1);
      assertThat(log.plain()).filteredOn(line -> line.contains("1970-01-01")).hasSize(1);
    }

    schema.dropExpired(62);

    assertThat(count(uri, "predictions")).isEqualTo(1);
  }

  private static void reject(String uri, String rejectedAt) throws Exception {
    TestDatabase.execute(
        uri,
        "INSERT INTO prediction_rejects VALUES (gen_random_uuid(), '{}', 'e', '22000', '%s')"
            .formatted(rejectedAt));
  }

  private static Schema schema(String uri) {
    return new Schema(DatabaseUri.parse(uri), Clock.systemUTC());
  }

  private static Clock delegating(AtomicReference<Clock> clock) {
    return new Clock() {
      @Override
      public ZoneId getZone() {
        return clock.get().getZone();
      }

      @Override
      public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException();
      }

      @Override
      public Instant instant() {
        return clock.get().instant();
      }
    };
  }

  /** Name of the partition {@code offset} months from now. */
  private static String partition(int offset) {
    return NAME.format(MONTH.plusMonths(offset));
  }

  /** The first moment of that month. */
  private static String first(int offset) {
    return MONTH.plusMonths(offset).atDay(1) + "T00:00:00Z";
  }

  /** The last moment of that month. */
  private static String last(int offset) {
    return MONTH.plusMonths(offset).atEndOfMonth() + "T23:59:59.999Z";
  }

  private static int count(String uri, String table) throws Exception {
    return Integer.parseInt(TestDatabase.query(uri, "SELECT count(*) FROM " + table).get(0));
  }

  private static void insert(String uri, String predictedAt) throws Exception {
    insert(uri, predictedAt, "now");
  }

  private static void insert(String uri, String predictedAt, String storedAt) throws Exception {
    TestDatabase.execute(
        uri,
        """
        SET timezone = 'Asia/Kolkata';
        INSERT INTO predictions
        VALUES (gen_random_uuid(), '%s', 'S1', 'MG Road', '560017', '560', 'CP1', 0.9, '[]', 'f', 'model', '%s')
        """
            .formatted(predictedAt, storedAt));
  }
}
