package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.format.Release;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Jdbc;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A release of shuffled labels beside the one that serves. */
class ShadowIT {
  @TempDir private static Path dir;

  @RegisterExtension
  private final TestService service =
      new TestService(
          home -> {
            SmallRelease.trainShuffled(dir.resolve("shuffled.csv"), dir.resolve("shadow"));
            return models(new JsonObject(), new JsonObject());
          });

  private final Http http = service.http();

  private static JsonObject models(JsonObject shadow, JsonObject canary) {
    return new JsonObject()
        .put(
            "models",
            new JsonObject()
                .put("poll_ms", 0)
                .put(
                    "shadow",
                    new JsonObject().put("dir", dir.resolve("shadow").toString()).mergeIn(shadow))
                .put("canary", canary));
  }

  private static JsonObject shipments(List<SmallRelease.Row> rows) {
    var shipments = new JsonArray();
    for (int i = 0; i < rows.size(); i++) {
      shipments.add(
          Http.shipment("S" + i, rows.get(i).typed()).put("pincode", rows.get(i).pincode()));
    }
    return new JsonObject().put("shipments", shipments);
  }

  private JsonObject loaded() throws Exception {
    return Await.until(
        () -> http.get("/models/shadow").json(), status -> status.getValue("shadow") != null);
  }

  @Test
  void countsAndStoresWhatAShadowReleasePredictsOtherwise() throws Exception {
    assertThat(loaded().getJsonObject("shadow").getString("release"))
        .isEqualTo(Release.open(dir.resolve("shadow")).id());
    var rows = SmallRelease.rows().subList(0, 300);
    var answer = http.post("/predict/batch", shipments(rows)).json();
    int predicted = answer.getJsonObject("summary").getInteger("predicted");
    assertThat(predicted).isGreaterThan(280);

    var status =
        Await.until(
            () -> http.get("/models/shadow").json(),
            now -> total(now.getJsonObject("comparisons")) == predicted);

    var comparisons = status.getJsonObject("comparisons");
    assertThat(comparisons.getInteger("shed")).isZero();
    int disagreed = comparisons.getInteger("disagreed");
    assertThat(disagreed).isGreaterThan(predicted / 2);
    assertThat(comparisons.getDouble("high")).isLessThan(0.5);
    assertThat(status.getJsonArray("prefixes")).hasSize(3);
    Await.until(() -> stored("SELECT count(*) FROM prediction_disagreements") == disagreed);
    assertThat(
            stored(
                """
                SELECT count(*) FROM prediction_disagreements AS d JOIN predictions AS p
                USING (prediction_id, predicted_at, shipment_id, prefix)
                WHERE p.cp = d.served_cp AND p.confidence = d.served_confidence
                  AND p.fingerprint = d.served_fingerprint AND d.shadow_cp <> d.served_cp
                  AND NOT d.canary
                """))
        .isEqualTo(disagreed);

    var outcomes = new JsonArray();
    for (int i = 0; i < rows.size(); i++) {
      outcomes.add(new JsonObject().put("shipment_id", "S" + i).put("cp", rows.get(i).cp()));
    }
    http.post("/outcomes", new JsonObject().put("outcomes", outcomes));
    var known = http.get("/models/shadow").json().getJsonObject("outcomes");

    assertThat(known.getInteger("known")).isEqualTo(disagreed);
    assertThat(known.getInteger("served_right"))
        .isGreaterThan(10 * known.getInteger("shadow_right"));
  }

  private static int total(JsonObject comparisons) {
    return comparisons == null
        ? 0
        : comparisons.getInteger("agreed")
            + comparisons.getInteger("disagreed")
            + comparisons.getInteger("failed")
            + comparisons.getInteger("shed");
  }

  private long stored(String sql) throws Exception {
    try (var connection = Jdbc.connect(service.databaseUri());
        var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getLong(1);
    }
  }
}
