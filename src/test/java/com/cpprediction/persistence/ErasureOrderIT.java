package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Jdbc;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Erasures beside each other and beside statements that change rows of the same shipment. */
class ErasureOrderIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  /** Statements of OutcomeTable and ReviewTable, shortened to what they lock. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "WITH told AS (SELECT shipment_id FROM outcomes WHERE look_at <= now() FOR UPDATE SKIP LOCKED)"
            + " UPDATE outcomes SET look_at = now() FROM told WHERE outcomes.shipment_id = told.shipment_id",
        "DELETE FROM outcomes WHERE shipment_id = 'S1'",
        "UPDATE review_claims SET until = now() WHERE desk = ''"
      })
  void locksNoRowBeforeAnErasureIsOver(String statement) throws Exception {
    var uri = TestDatabase.migrated();
    TestDatabase.execute(
        uri,
        """
        INSERT INTO outcomes (shipment_id, cp, reported_at, result, look_at)
        VALUES ('S1', 'CP1', now(), 'unknown', now());
        INSERT INTO review_claims (shipment_id, claimed_by, desk, claimed_at, until)
        VALUES ('S1', '', '', now(), now())
        """);

    try (var erasure = Jdbc.connect(uri)) {
      erasure.setAutoCommit(false);
      execute(erasure, "LOCK TABLE erased_shipments IN EXCLUSIVE MODE"); // its first statement
      var other = CompletableFuture.runAsync(() -> execute(uri, statement));
      Await.until("the other one waits", () -> waits(uri));

      execute(erasure, "SELECT FROM outcomes FOR UPDATE NOWAIT");
      execute(erasure, "SELECT FROM review_claims FOR UPDATE NOWAIT");
      execute(erasure, "SELECT erase_shipment('S1', now())");
      erasure.commit();
      other.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    assertThat(TestDatabase.query(uri, "SELECT shipment_id FROM outcomes")).isEmpty();
    assertThat(TestDatabase.query(uri, "SELECT shipment_id FROM review_claims")).isEmpty();
  }

  @Test
  void neverShortensAnErasure() throws Exception {
    var uri = TestDatabase.migrated();
    var ahead =
        TestDatabase.query(
            uri, "SELECT erase_shipment('S1', now() + interval '30 seconds')->>'until'");

    var again = TestDatabase.query(uri, "SELECT erase_shipment('S1', now())->>'until'");

    assertThat(again).isEqualTo(ahead);
    assertThat(
            TestDatabase.query(
                uri, "SELECT erased_at > now() + interval '1 s' FROM erased_shipments"))
        .containsExactly("t");
  }

  private static boolean waits(String uri) {
    try {
      return TestDatabase.query(
                  uri,
                  "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND backend_type = 'client backend'")
              .size()
          == 1;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Waits for locks longer than other connections of tests. */
  private static void execute(String uri, String sql) {
    var source = DatabaseUri.parse(uri).dataSource(PATIENCE, PATIENCE);
    try (var connection = source.getConnection()) {
      execute(connection, sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
