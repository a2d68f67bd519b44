package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.cli.CommandRun;
import com.cpprediction.model.format.Release;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Browser;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Jdbc;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A release of shuffled labels beside the one that serves. */
class ShadowIT {
  @RegisterExtension
  private final TestService service =
      new TestService(home -> models(new JsonObject(), new JsonObject()));

  private final Http http = service.http();

  private static JsonObject models(JsonObject shadow, JsonObject canary) {
    return new JsonObject()
        .put(
            "models",
            new JsonObject()
                .put("poll_ms", 0)
                .put(
                    "shadow",
                    new JsonObject().put("dir", SmallRelease.shuffled().toString()).mergeIn(shadow))
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
        .isEqualTo(Release.open(SmallRelease.shuffled()).id());
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
    showsOnTheDashboard(disagreed);
    assertThat(known.getInteger("served_right"))
        .isGreaterThan(10 * known.getInteger("shadow_right"));
  }

  private void showsOnTheDashboard(int disagreed) {
    var url = "http://127.0.0.1:" + service.port() + "/";
    try (var browser = Browser.start()) {
      browser.viewport(1280, 900).open(url);
      browser.until(
          driver ->
              browser.find("#shadow-agreement").getText().contains("Disagreed\n" + disagreed)
                  && browser.find("#shadow-prefixes tbody").getText().lines().count() == 3);
      for (int width : new int[] {1280, 360}) {
        browser.viewport(width, 900).dark(width == 360);
        var wide = "return document.documentElement.scrollWidth > window.innerWidth";
        assertThat(browser.run(wide)).isEqualTo(false);
        browser.run("document.getElementById('shadow').scrollIntoView()");
        browser.screenshot(Path.of("target", "shadow-" + width + ".png"));
      }
      assertThat(browser.complaints()).isEmpty();
    }
  }

  @Test
  void promotesAndGoesBackAcrossRestarts() throws Exception {
    var before = loaded();
    var original = before.getJsonObject("served").getString("release");
    var shadow = before.getJsonObject("shadow").getString("release");

    var denied = command("promote");
    assertThat(denied.exit()).isEqualTo(1);
    assertThat(denied.out()).contains("Node local: refused: ", "less accurate");
    var refused = http.post("/models/shadow/promote", new JsonObject()).json();
    assertThat(refused.getString("result")).isEqualTo("refused");
    assertThat(refused.getJsonArray("nodes").getJsonObject(0).getString("reason"))
        .contains("less accurate on held-back addresses");
    var unknown = new JsonObject().put("prefixes", new JsonArray().add("999"));
    assertThat(http.post("/models/shadow/promote", unknown).json().getString("release"))
        .isEqualTo(original);
    assertThat(http.get("/health/ready").status()).isEqualTo(200);

    service.configure(
        models(new JsonObject(), new JsonObject())
            .mergeIn(
                new JsonObject().put("models", new JsonObject().put("max_accuracy_drop", 1.0)),
                true));
    Await.until(
        () -> http.get("/config").json().getJsonObject("values"),
        values -> values.getJsonObject("models.max_accuracy_drop").getDouble("value").equals(1.0));
    var some = new JsonObject().put("prefixes", new JsonArray().add("575"));
    var mixed = command("promote", "--prefixes", "575", "--json").json();
    assertThat(mixed.getString("result")).isEqualTo("promoted");
    assertThat(mixed.getString("release")).isNotIn(original, shadow);
    var ofShadow = digest(SmallRelease.shuffled(), "575");
    assertThat(ofShadow).isNotEqualTo(digest(SmallRelease.directory(), "575"));
    assertThat(index("575")).isEqualTo(ofShadow);
    assertThat(index("180")).isEqualTo(digest(SmallRelease.directory(), "180"));
    assertThat(http.post("/models/shadow/promote", some).json().getString("result"))
        .isEqualTo("unchanged");

    service.stop();
    service.restart();
    assertThat(served()).isEqualTo(mixed.getString("release"));
    loaded();
    assertThat(http.post("/models/shadow/promote", new JsonObject()).json().getString("release"))
        .isEqualTo(shadow);
    assertThat(index("180")).isEqualTo(digest(SmallRelease.shuffled(), "180"));
    service.stop();
    service.restart();
    assertThat(served()).isEqualTo(shadow);
    assertThat(rollback().getString("release")).isEqualTo(mixed.getString("release"));
    var back = command("rollback");
    assertThat(back.exit()).isZero();
    assertThat(back.out()).contains("rolled-back: release " + original.substring(0, 12));
    service.stop();
    service.restart();
    assertThat(served()).isEqualTo(original);
    assertThat(rollback().getString("result")).isEqualTo("unchanged");
    http.post("/models/shadow/rollback", new JsonObject().put("force", true));
    var entries = // stored after the response
        Await.until(
            () -> http.get("/audit?limit=100").json().getJsonArray("entries"),
            all -> all.getJsonObject(0).getJsonObject("after").containsKey("force"));
    assertThat(entries.stream().map(entry -> ((JsonObject) entry).getString("action")))
        .contains("promote", "rollback");
    assertThat(entries.getJsonObject(0).getJsonObject("after").getBoolean("force")).isTrue();
    assertThat(entries.getJsonObject(1).getJsonObject("after").fieldNames())
        .containsExactlyInAnyOrder("release", "result");
  }

  @Test
  void stopsACanaryThatFallsBehindAndKeepsItStopped() throws Exception {
    loaded();
    var rows = SmallRelease.rows();
    var before = http.post("/predict/batch", shipments(rows.subList(0, 50))).json();
    assertThat(before.encode()).doesNotContain("canary");

    service.configure(
        models(new JsonObject().put("share", 0.0), new JsonObject().put("share", 0.4)));
    var running =
        Await.until(
            () -> http.get("/models/shadow").json(),
            status -> status.getJsonObject("canary").getDouble("share") == 0.4);
    assertThat(running.getJsonObject("canary").getValue("stopped")).isNull();
    int wrong = 0;
    int sent = 0;
    JsonObject canary;
    do {
      var chunk = rows.subList(sent % rows.size(), Math.min(rows.size(), sent % rows.size() + 40));
      var body = shipments(chunk);
      var results = http.post("/predict/batch", body).json().getJsonArray("results");
      var outcomes = new JsonArray();
      for (int i = 0; i < chunk.size(); i++) {
        var result = results.getJsonObject(i);
        outcomes.add(new JsonObject().put("shipment_id", "S" + i).put("cp", chunk.get(i).cp()));
        if ("canary".equals(result.getString("release"))
            && !chunk.get(i).cp().equals(result.getString("cp"))) {
          wrong++;
        }
      }
      http.post("/outcomes", new JsonObject().put("outcomes", outcomes));
      sent += chunk.size();
      canary = http.get("/models/shadow").json().getJsonObject("canary");
    } while (canary.getDouble("share") > 0 && wrong < 500);
    assertThat(wrong).isBetween(1, 499);
    var stopped = canary.getJsonObject("stopped");
    assertThat(stopped.getString("reason")).isEqualTo("accuracy");
    assertThat(stopped.getJsonObject("outcomes").getDouble("evidence")).isGreaterThanOrEqualTo(40);

    assertThat(http.post("/predict/batch", shipments(rows.subList(0, 50))).body())
        .doesNotContain("canary");
    assertThat(http.get("/metrics").body())
        .contains("cp_canary_rollbacks_total{reason=\"accuracy\"} 1.0", "cp_canary_share 0.0");
    service.stop();
    service.restart();
    loaded();
    assertThat(http.get("/models/shadow").json().getJsonObject("canary").getJsonObject("stopped"))
        .isEqualTo(stopped);
    assertThat(http.post("/predict/batch", shipments(rows.subList(0, 50))).body())
        .doesNotContain("canary");
    assertThat(
            Await.until(
                () -> http.get("/audit?limit=100").body(), all -> all.contains("canary-stop")))
        .contains("(service)");
  }

  @Test
  void servesTheSameAddressesByTheCanaryAloneAndInABatch() throws Exception {
    loaded();
    service.configure(models(new JsonObject(), new JsonObject().put("share", 0.3)));
    Await.until(
        () -> http.get("/models/shadow").json(),
        status -> status.getJsonObject("canary").getDouble("share") == 0.3);
    var rows = SmallRelease.rows().subList(0, 200);

    var results = http.post("/predict/batch", shipments(rows)).json().getJsonArray("results");

    int byCanary = 0;
    for (int i = 0; i < rows.size(); i++) {
      var inBatch = results.getJsonObject(i);
      assertThat(inBatch.getString("shipment_id")).isEqualTo("S" + i);
      var alone =
          http.post("/predict", shipments(rows).getJsonArray("shipments").getJsonObject(i)).json();
      for (var field : List.of("cp", "confidence", "model", "release")) {
        assertThat(alone.getValue(field)).as(field).isEqualTo(inBatch.getValue(field));
      }
      if (alone.containsKey("release")) byCanary++;
    }
    assertThat(byCanary).isBetween(30, 90);
    int canary = byCanary;
    Await.until(() -> stored("SELECT count(*) FROM canary_predictions") == 2 * canary);
    assertThat(
            stored(
                """
                SELECT count(*) FROM canary_predictions JOIN predictions AS p USING (prediction_id, predicted_at)
                LEFT JOIN prediction_disagreements AS d USING (prediction_id, predicted_at)
                WHERE d.shadow_cp IS NULL OR d.canary AND d.shadow_cp = p.cp AND d.shadow_fingerprint = p.fingerprint
                """))
        .isEqualTo(2 * canary);
  }

  private CommandRun command(String action, String... options) {
    var arguments =
        new ArrayList<>(List.of("shadow", action, "--url", "http://127.0.0.1:" + service.port()));
    arguments.addAll(List.of(options));
    return CommandRun.of(arguments.toArray(String[]::new));
  }

  private JsonObject rollback() {
    return http.post("/models/shadow/rollback", new JsonObject()).json();
  }

  private String served() {
    return http.get("/models/shadow").json().getJsonObject("served").getString("release");
  }

  /** SHA-256 of the index that serves {@code prefix}. */
  private String index(String prefix) throws Exception {
    var directory =
        http.get("/models/shadow").json().getJsonObject("served").getString("directory");
    return digest(Path.of(directory), prefix);
  }

  private static String digest(Path release, String prefix) throws Exception {
    return Release.open(release).manifest(prefix).index().sha256();
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
