package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.concurrent.Executors;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;

class SchemaIT {
  private static final String PARTITIONS =
      "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'predictions'::regclass ORDER BY 1";

  @Test
  void migratesAnEmptyDatabaseAndMayDoSoAgain() throws Exception {
    var uri = TestDatabase.create();
    var schema = schema(uri, "2031-12-31T23:59:59Z");

    schema.migrate();
    schema.migrate();

    assertThat(TestDatabase.query(uri, PARTITIONS))
        .containsExactly(
            "predictions_2031_11",
            "predictions_2031_12",
            "predictions_2032_01",
            "predictions_2032_02",
            "predictions_default");
  }

  @Test
  void migratesADatabaseThatHoldsOtherTables() throws Exception {
    var uri = TestDatabase.create();
    TestDatabase.execute(uri, "CREATE TABLE others (x int)");

    schema(uri, "2031-05-10T00:00:00Z").migrate();

    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions")).containsExactly("0");
  }

  @Test
  void rowsOfAMonthMoveFromTheDefaultPartitionToTheirOwn() throws Exception {
    var uri = TestDatabase.create();
    schema(uri, "2030-12-10T00:00:00Z").migrate();
    insert(uri, "2031-03-31T23:59:59.999Z");
    insert(uri, "2031-04-30T23:59:59.999Z");
    insert(uri, "2031-05-01T00:00:00Z");
    insert(uri, "2031-05-31T23:59:59.999Z");
    insert(uri, "2031-09-01T00:00:00Z");

    schema(uri, "2031-05-10T00:00:00Z").partitions();

    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions")).containsExactly("5");
    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions_2031_04"))
        .containsExactly("1");
    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions_2031_05"))
        .containsExactly("2");
    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions_default"))
        .containsExactly("2");
    assertThat(
            TestDatabase.query(
                uri,
                "SELECT count(*) FROM pg_index WHERE indrelid = 'predictions_2031_05'::regclass"))
        .containsExactly("2");
  }

  @Test
  void migratesTheFirstSchemaWithItsRows() throws Exception {
    var uri = TestDatabase.create();
    var where = DatabaseUri.parse(uri);
    Flyway.configure()
        .dataSource(where.dataSource(Duration.ofSeconds(3), Duration.ofSeconds(30)))
        .locations("classpath:db/migration")
        .target("1")
        .load()
        .migrate();
    TestDatabase.execute(uri, "SELECT predictions_partition('2031-04-01')");
    insert(uri, "2031-04-10T10:00:00Z");
    insert(uri, "2031-05-10T10:00:00Z");
    var rows = "SELECT row_to_json(p)::text FROM predictions p ORDER BY prediction_id";
    var before = TestDatabase.query(uri, rows);

    schema(uri, "2031-05-10T00:00:00Z").migrate();

    assertThat(before).hasSize(2);
    assertThat(TestDatabase.query(uri, rows)).isEqualTo(before);
    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions_default"))
        .containsExactly("0");
  }

  @Test
  void aShipmentIsFoundByAnIndexInEveryPartition() throws Exception {
    var uri = TestDatabase.create();
    schema(uri, "2031-05-10T00:00:00Z").migrate();
    TestDatabase.execute(
        uri,
        """
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
  void dropsMonthsThatNeedNotBeKeptWhole() throws Exception {
    var uri = TestDatabase.create();
    schema(uri, "2031-03-10T00:00:00Z").migrate(); // February to May
    insert(uri, "2031-01-20T00:00:00Z"); // to the default partition
    insert(uri, "2031-02-28T23:59:59.999Z");
    insert(uri, "2031-03-01T00:00:00Z");
    insert(uri, "2031-09-01T00:00:00Z"); // to the default partition
    reject(uri, "2031-03-09T00:00:00Z");
    reject(uri, "2031-03-11T00:00:00Z");

    schema(uri, "2031-04-30T00:00:00Z").retain(51); // to 10 March

    assertThat(TestDatabase.query(uri, PARTITIONS))
        .containsExactly(
            "predictions_2031_03",
            "predictions_2031_04",
            "predictions_2031_05",
            "predictions_default");
    assertThat(
            TestDatabase.query(uri, "SELECT predicted_at::date::text FROM predictions ORDER BY 1"))
        .containsExactly("2031-03-01", "2031-09-01");
    assertThat(TestDatabase.query(uri, "SELECT rejected_at::date::text FROM prediction_rejects"))
        .containsExactly("2031-03-11");
  }

  @Test
  void forgetsOutcomesThatNeedNotBeKept() throws Exception {
    var uri = TestDatabase.create();
    schema(uri, "2031-03-10T00:00:00Z").migrate();
    TestDatabase.execute(
        uri,
        """
        INSERT INTO outcomes (shipment_id, cp, reported_at, result, look_at)
        SELECT 'S' || i, 'CP1', timestamptz '2031-03-09T23:59:59Z' - i * interval '1 second', 'unknown', now()
        FROM generate_series(0, 25000) i
        UNION ALL SELECT 'kept', 'CP1', '2031-03-10T00:00:00Z', 'unknown', now()
        """);

    schema(uri, "2031-04-30T00:00:00Z").retain(51); // to 10 March

    assertThat(TestDatabase.query(uri, "SELECT shipment_id FROM outcomes")).containsExactly("kept");
    assertThat(TestDatabase.query(uri, "SELECT day || ' ' || outcomes FROM outcome_counts"))
        .containsExactly("2031-03-10 1");
  }

  @Test
  void keepsEverythingUnlessToldOtherwise() throws Exception {
    var uri = TestDatabase.create();
    schema(uri, "2031-03-10T00:00:00Z").migrate();
    var before = TestDatabase.query(uri, PARTITIONS);

    schema(uri, "2099-03-10T00:00:00Z").retain(0);

    assertThat(TestDatabase.query(uri, PARTITIONS)).isEqualTo(before);
  }

  @Test
  void severalNodesMayDropTheSameMonths() throws Exception {
    var uri = TestDatabase.create();
    schema(uri, "2031-03-10T00:00:00Z").migrate();
    var nodes = Executors.newFixedThreadPool(4);
    try {
      var calls =
          Collections.nCopies(
              8, Executors.callable(() -> schema(uri, "2031-04-30T00:00:00Z").retain(10)));
      for (var call : nodes.invokeAll(calls)) call.get();
    } finally {
      nodes.shutdownNow();
    }

    assertThat(TestDatabase.query(uri, PARTITIONS))
        .containsExactly("predictions_2031_04", "predictions_2031_05", "predictions_default");
  }

  @Test
  void goesOnWithoutDroppingWhileSomebodyReadsThatMonth() throws Exception {
    var uri = TestDatabase.create();
    schema(uri, "2031-03-10T00:00:00Z").migrate();
    var source = DatabaseUri.parse(uri).dataSource(Duration.ofSeconds(3), Duration.ofSeconds(30));
    try (var reader = source.getConnection();
        var statement = reader.createStatement()) {
      reader.setAutoCommit(false);
      statement.executeQuery("SELECT * FROM predictions");

      schema(uri, "2031-05-30T00:00:00Z").retain(10);
    }

    insert(uri, "2031-02-10T00:00:00Z");
    assertThat(TestDatabase.query(uri, PARTITIONS)).hasSize(5);
  }

  private static void reject(String uri, String rejectedAt) throws Exception {
    TestDatabase.execute(
        uri,
        "INSERT INTO prediction_rejects VALUES (gen_random_uuid(), '{}', 'e', '22000', '%s')"
            .formatted(rejectedAt));
  }

  private static Schema schema(String uri, String now) {
    return new Schema(DatabaseUri.parse(uri), Clock.fixed(Instant.parse(now), ZoneOffset.UTC));
  }

  private static void insert(String uri, String predictedAt) throws Exception {
    TestDatabase.execute(
        uri,
        """
        SET timezone = 'Asia/Kolkata';
        INSERT INTO predictions
        VALUES (gen_random_uuid(), '%s', 'S1', 'MG Road', '560017', '560', 'CP1', 0.9, '[]', 'f', 'model')
        """
            .formatted(predictedAt));
  }
}
