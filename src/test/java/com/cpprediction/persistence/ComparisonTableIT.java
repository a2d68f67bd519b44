package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.config.ServiceConfig;
import com.cpprediction.postgres.Bisection;
import com.cpprediction.postgres.Database;
import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.ShadowComparison;
import com.cpprediction.prediction.ShadowComparison.Side;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class ComparisonTableIT {
  private static final Side SERVED = new Side("now", "CP1", 0.9, "3f9a1c2e");
  private static final Side SHADOW = new Side("next", "CP2", 0.8, "1c2e3f9a");

  @Test
  void storesARowInBothTablesOrInNone(Vertx vertx) throws Exception {
    var uri = TestDatabase.migrated();
    TestDatabase.execute(
        uri, "ALTER TABLE canary_predictions ADD CHECK (shipment_id <> 'refused')");
    var table = new ComparisonTable(database(vertx, uri));
    var rows =
        List.of(
            row("differs", true, SHADOW),
            row("refused", true, SHADOW),
            row("agrees", true, SERVED),
            row("compared", false, SHADOW),
            row("alike", false, SERVED));

    for (int times = 0; times < 2; times++) {
      var refused = Bisection.store(rows, table::insert).await(60, TimeUnit.SECONDS);
      assertThat(refused).extracting(one -> one.row().shipmentId()).containsExactly("refused");
    }

    assertThat(shipments(uri, "prediction_disagreements")).containsExactly("compared", "differs");
    assertThat(shipments(uri, "canary_predictions")).containsExactly("agrees", "differs");
  }

  @Test
  void countsTheOutcomesOfTheNewestDisagreements(Vertx vertx) throws Exception {
    var uri = TestDatabase.migrated();
    var table = new ComparisonTable(database(vertx, uri), 3);
    var rows = IntStream.range(0, 5).mapToObj(i -> row("S" + i, false, SHADOW)).toList();
    for (var row : rows) table.insert(List.of(row)).await(60, TimeUnit.SECONDS);
    TestDatabase.execute(
        uri,
        """
        INSERT INTO outcomes (shipment_id, cp, reported_at, result, prediction_id, predicted)
        SELECT shipment_id, CASE WHEN shipment_id > 'S3' THEN served_cp ELSE shadow_cp END, now(), 'right',
               prediction_id, served_cp
        FROM prediction_disagreements
        """);

    var counted =
        table
            .outcomes(new JsonObject().put("served", "now").put("shadow", "next"))
            .await(60, TimeUnit.SECONDS);

    assertThat(counted)
        .isEqualTo(
            JsonArray.of(
                new JsonObject()
                    .put("prefix", "560")
                    .put("outcomes", 3L)
                    .put("served_right", 1L)
                    .put("shadow_right", 2L)));
  }

  private static List<String> shipments(String uri, String table) throws Exception {
    return TestDatabase.query(uri, "SELECT shipment_id FROM %s ORDER BY 1".formatted(table));
  }

  private static ShadowComparison row(String shipmentId, boolean canary, Side shadow) {
    return new ShadowComparison(
        PredictionIds.next(), shipmentId, "560", canary, null, SERVED, shadow);
  }

  private static Database database(Vertx vertx, String uri) {
    var pool = ServiceConfig.defaults().database().pool();
    return new Database(
        vertx, DatabaseUri.parse(uri).options(), pool, () -> Duration.ofSeconds(60));
  }
}
