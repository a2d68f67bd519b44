package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
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
