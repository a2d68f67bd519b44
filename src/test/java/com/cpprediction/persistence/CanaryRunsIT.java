package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Jdbc;
import io.vertx.core.json.JsonObject;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The runs of canaries in PostgreSQL, as several processes use them. */
class CanaryRunsIT {
  /** What the running counts must say at any time. */
  private static final String JOINED =
      """
      SELECT concat_ws(' ',
               count(*) FILTER (WHERE of.served_cp IS NULL AND told.result = 'right'),
               count(*) FILTER (WHERE told.cp = of.served_cp),
               count(*) FILTER (WHERE told.cp = of.shadow_cp),
               count(*) FILTER (WHERE told.cp <> of.served_cp AND told.cp <> of.shadow_cp
                                   OR of.served_cp IS NULL AND told.result <> 'right'))
      FROM canary_predictions AS sent
      JOIN outcomes AS told USING (shipment_id, prediction_id)
      LEFT JOIN prediction_disagreements AS of USING (prediction_id, predicted_at)
      WHERE told.delivered AND sent.run = '%s'
      """;

  private static final String COUNTED =
      """
      SELECT concat_ws(' ', both_right, served_right, canary_right, none_right)
      FROM canary_runs WHERE run = '%s'
      """;

  private static final String WAITS_FOR_LOCK =
      """
      SELECT pid::text FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'
      """;

  private final String one = UUID.randomUUID().toString(); // counters of two nodes
  private final String two = UUID.randomUUID().toString();
  private String uri;

  @BeforeEach
  void migrate() throws Exception {
    uri = TestDatabase.migrated();
  }

  private JsonObject run(String served, String counter, JsonObject mine, String left)
      throws SQLException {
    try (var connection = Jdbc.connect(uri);
        var query =
            connection.prepareStatement(
                "SELECT canary_run(?, 'next', ?::uuid, ?::uuid, ?::jsonb)")) {
      query.setString(1, served);
      query.setString(2, counter);
      query.setString(3, left);
      query.setString(4, mine == null ? null : mine.encode());
      try (var rows = query.executeQuery()) {
        rows.next();
        return new JsonObject(rows.getString(1));
      }
    }
  }

  private static JsonObject stopped(JsonObject run) {
    return run.copy().put("stopped", new JsonObject().put("reason", "errors"));
  }

  @Test
  void isOneForAllAndStopsForAllWhateverServes() throws Exception {
    var begun = run("now", one, null, null);
    assertThat(run("now", two, null, null).getString("run")).isEqualTo(begun.getString("run"));
    run("now", two, stopped(begun), null);
    run("now", two, begun, null); // of a node that has not heard

    for (var served : List.of("now", "reloaded")) {
      var told = run(served, one, null, null);
      assertThat(told.getString("run")).isEqualTo(begun.getString("run"));
      assertThat(told.getJsonObject("stopped").getString("reason")).isEqualTo("errors");
    }
  }

  @Test
  void stopsAllRunsOfTheReleaseWhileNodesServeDifferentOnes() throws Exception {
    var before = run("now", one, null, null);
    var after = run("reloaded", two, null, null);
    assertThat(after.getString("run")).isNotEqualTo(before.getString("run"));
    assertThat(run("now", one, before, null).getString("run")).isEqualTo(before.getString("run"));

    run("now", one, stopped(before), null);

    assertThat(run("reloaded", two, after, null).getString("run"))
        .isEqualTo(before.getString("run"));
  }

  @Test
  void beginsAnewOnceAnOperatorHasEndedTheRunAndAllFollow() throws Exception {
    var first = run("now", one, null, null);
    run("now", one, stopped(first), null);

    var second = run("now", one, null, first.getString("run"));
    assertThat(second.getString("run")).isNotEqualTo(first.getString("run"));
    assertThat(second.getValue("stopped")).isNull();
    // The other's share was set to 0 in the first run, too, and is set back later.
    assertThat(run("now", two, null, first.getString("run")).getString("run"))
        .isEqualTo(second.getString("run"));
    assertThat(run("now", two, stopped(first), null).getString("run"))
        .isEqualTo(second.getString("run"));

    run("now", two, stopped(second), null);
    assertThat(run("now", one, null, first.getString("run")).getValue("stopped")).isNotNull();
  }

  @Test
  void takesOverAStopThatAnotherDatabaseHad() throws Exception {
    var unknown =
        new JsonObject()
            .put("run", UUID.randomUUID().toString())
            .put("served", "now")
            .put("shadow", "next")
            .put("since", "2026-11-29T10:00:00Z");

    assertThat(run("now", one, unknown, null).getString("run"))
        .isNotEqualTo(unknown.getString("run"));
    assertThat(run("now", one, stopped(unknown), null).getString("run"))
        .isEqualTo(unknown.getString("run"));
  }

  @Test
  void tellsThePairsThatOthersCounted() throws Exception {
    var begun = run("now", one, null, null);
    var errors = new JsonObject().put("canary_only", 3).put("served_only", 1).put("same", 40);
    for (int i = 0; i < 2; i++) { // once, however often it is told
      var mine = run("now", one, begun.copy().put("errors", errors), null);
      assertThat(mine.getJsonObject("others").getInteger("same")).isZero();
    }

    assertThat(run("now", two, null, null).getJsonObject("others")).isEqualTo(errors);
    assertThat(run("now", null, null, null).getJsonObject("others"))
        .as("of a node that has left the run")
        .isEqualTo(errors);
  }

  @Test
  void keepsNoPairsOfARunThatIsOver() throws Exception {
    var begun = run("now", one, null, null);
    var errors = new JsonObject().put("canary_only", 3).put("served_only", 1).put("same", 40);
    var mine = begun.copy().put("errors", errors);
    run("now", one, mine, null);
    assertThat(TestDatabase.query(uri, "SELECT same FROM canary_errors")).containsExactly("40");

    run("now", two, null, begun.getString("run"));
    run("now", one, mine, null); // of a node whose share was not 0

    assertThat(TestDatabase.query(uri, "SELECT same FROM canary_errors")).isEmpty();
  }

  @Test
  void keepsTheFirstStopAndLocksNoRowToBeToldAgain() throws Exception {
    var begun = run("now", one, null, null);
    run("now", one, stopped(begun), null);
    var later = begun.copy().put("stopped", new JsonObject().put("reason", "accuracy"));

    var told = run("now", two, later, null);

    assertThat(told.getJsonObject("stopped").getString("reason")).isEqualTo("errors");
    assertThat(TestDatabase.query(uri, "SELECT xmax FROM canary_runs")).containsExactly("0");
  }

  @Test
  void migratesBesideAnErasureByANodeOfTheVersionBefore() throws Exception {
    var before = TestDatabase.create();
    var database = DatabaseUri.parse(before);
    Flyway.configure()
        .dataSource(database.dataSource(Duration.ofSeconds(3), Duration.ofSeconds(30)))
        .locations("classpath:" + Migrations.LOCATION)
        .target("12")
        .load()
        .migrate();
    try (var erasure = Jdbc.connect(before);
        var statement = erasure.createStatement()) {
      erasure.setAutoCommit(false);
      statement.execute("DELETE FROM outcomes WHERE shipment_id = 'S1'");
      var migration =
          CompletableFuture.runAsync(() -> new Schema(database, Clock.systemUTC()).migrate(0));
      Await.until(() -> !TestDatabase.query(before, WAITS_FOR_LOCK).isEmpty());

      statement.execute("DELETE FROM canary_predictions WHERE shipment_id = 'S1'");
      erasure.commit();
      migration.join();
    }
    assertThat(TestDatabase.query(before, "SELECT run FROM canary_runs")).isEmpty();
  }

  private static final class Table {
    private final Connection connection;
    private final String run;

    Table(Connection connection, String run) {
      this.connection = connection;
      this.run = run;
    }

    void execute(String sql) throws SQLException {
      try (var statement = connection.createStatement()) {
        statement.execute(sql);
      }
    }

    void compared(UUID prediction, String shipment, String served, String canary)
        throws SQLException {
      if (!served.equals(canary)) {
        execute(
            """
            INSERT INTO prediction_disagreements
            VALUES ('%s', '2026-11-29Z', '%s', '560', true, '%s', 0.5, '', 'now', '%s', 0.5, '', 'next')
            ON CONFLICT DO NOTHING
            """
                .formatted(prediction, shipment, served, canary));
      }
      execute(
          """
          INSERT INTO canary_predictions (prediction_id, predicted_at, shipment_id, served_release, shadow_release, run)
          VALUES ('%s', '2026-11-29Z', '%s', 'now', 'next', '%s') ON CONFLICT DO NOTHING
          """
              .formatted(prediction, shipment, run));
    }

    void told(String shipment, UUID prediction, String predicted, String cp, boolean delivered)
        throws SQLException {
      execute(
          """
          INSERT INTO outcomes (shipment_id, cp, reported_at, result, prediction_id, predicted, prefix, fingerprint, delivered)
          VALUES ('%s', '%s', now(), '%s', '%s', '%s', '560', '', %s)
          ON CONFLICT (shipment_id) DO UPDATE
          SET (cp, result, prediction_id, predicted, delivered)
            = (excluded.cp, excluded.result, excluded.prediction_id, excluded.predicted, excluded.delivered)
          """
              .formatted(
                  shipment,
                  cp,
                  predicted.equals(cp) ? "right" : "wrong",
                  prediction,
                  predicted,
                  delivered));
    }
  }

  @Test
  void countsOutcomesInWhateverOrderTheyComeAndAreCorrected() throws Exception {
    var run = run("now", one, null, null).getString("run");
    var random = new Random(7);
    var cps = List.of("A", "B", "C");
    try (var connection = Jdbc.connect(uri)) {
      var table = new Table(connection, run);
      for (int i = 0; i < 2_000; i++) {
        int of = random.nextInt(200);
        var prediction = new UUID(7, of); // two for each shipment
        var shipment = "S" + of / 2;
        var sent = new Random(of);
        var served = cps.get(sent.nextInt(3));
        var canary = cps.get(sent.nextInt(3));
        if (random.nextInt(4) == 0) table.compared(prediction, shipment, served, canary);
        else {
          var cp = cps.get(random.nextInt(3));
          table.told(shipment, prediction, canary, cp, random.nextInt(5) > 0);
        }
      }
    }

    var counted = TestDatabase.query(uri, COUNTED.formatted(run));
    assertThat(counted).isEqualTo(TestDatabase.query(uri, JOINED.formatted(run)));
    assertThat(counted.get(0).split(" ")).doesNotContain("0");
    TestDatabase.execute(uri, "DELETE FROM outcomes"); // as they expire
    assertThat(TestDatabase.query(uri, COUNTED.formatted(run))).isEqualTo(counted);
  }

  private interface Step {
    void run() throws SQLException;
  }

  @Test
  void missesNoOutcomeThatComesTogetherWithItsPrediction() throws Exception {
    var run = run("now", one, null, null).getString("run");
    try (var first = Jdbc.connect(uri);
        var second = Jdbc.connect(uri)) {
      var here = new Table(first, run);
      var there = new Table(second, run);
      var a = UUID.randomUUID();
      var b = UUID.randomUUID();

      together(
          first, () -> here.told("S1", a, "A", "A", true), () -> there.compared(a, "S1", "A", "A"));
      together(
          first, () -> here.compared(b, "S2", "A", "B"), () -> there.told("S2", b, "B", "A", true));
    }
    assertThat(TestDatabase.query(uri, COUNTED.formatted(run))).containsExactly("1 1 0 0");
  }

  /** Begins {@code later} before {@code earlier} is committed. */
  private void together(Connection connection, Step earlier, Step later) throws Exception {
    connection.setAutoCommit(false);
    earlier.run();
    var waiting =
        CompletableFuture.runAsync(
            () -> {
              try {
                later.run();
              } catch (SQLException e) {
                throw new AssertionError(e);
              }
            });
    Await.until(() -> !TestDatabase.query(uri, WAITS_FOR_LOCK).isEmpty());
    connection.commit();
    connection.setAutoCommit(true);
    waiting.join();
  }
}
