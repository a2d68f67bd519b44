package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.format.Release;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.ClusterNode;
import com.cpprediction.testing.ClusterNodes;
import com.cpprediction.testing.Directories;
import com.cpprediction.testing.Http;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Two nodes with the same shadow release, as processes. */
class ShadowClusterIT {
  /** A word of the address of the erased shipment alone. */
  private static final String WORD = "Quixotic";

  private static final int REQUESTS = 400;
  private static final int KILLED_AT = 200;
  private static final int CANARY = 40; // requests to each node
  private static final Duration STOPPED = Duration.ofSeconds(30);

  private static final String DISAGREEMENTS =
      """
      SELECT json_build_object('shipment_id', shipment_id, 'cp', served_cp)::text
      FROM prediction_disagreements JOIN canary_predictions USING (prediction_id, predicted_at, shipment_id)
      LIMIT 1000
      """;

  private static ClusterNodes nodes;
  private static String uri;

  private static void start() throws Exception {
    uri = TestDatabase.create();
    nodes =
        ClusterNodes.onLoopback(
            2,
            () -> uri,
            new JsonObject()
                .put(
                    "models",
                    new JsonObject()
                        .put("max_accuracy_drop", 1.0)
                        .put(
                            "shadow",
                            new JsonObject().put("dir", SmallRelease.shuffled().toString()))));
    nodes.start();
    for (var node : nodes.all()) awaitShadow(node);
  }

  @AfterAll
  static void stop() throws Exception {
    for (var node : nodes.all()) node.close();
  }

  private static JsonObject status(ClusterNode node) {
    try {
      return new JsonObject(node.process().get("/models/shadow").body());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static void awaitShadow(ClusterNode node) {
    Await.until(() -> status(node), now -> now.getValue("shadow") != null);
  }

  private static JsonObject post(ClusterNode node, String path) throws Exception {
    return post(node, path, new JsonObject());
  }

  private static JsonObject post(ClusterNode node, String path, JsonObject body) throws Exception {
    return new JsonObject(node.process().post(path, body).body());
  }

  private static String served(ClusterNode node) {
    return status(node).getJsonObject("served").getString("release");
  }

  @Test
  void comparesOnceAcrossAKillAndPromotesEverywhere() throws Exception {
    start();
    everyNodeForgetsAnErasedShipment();
    var rows = SmallRelease.rows();
    for (int i = 0; i < REQUESTS; i++) {
      var row = rows.get(i);
      var request = Http.shipment("S" + i, row.typed()).put("pincode", row.pincode());
      if (i == KILLED_AT) {
        nodes.get(1).process().kill();
        nodes.get(1).process().start();
        nodes.awaitWhole(Await.LONG);
        awaitShadow(nodes.get(1));
      }
      for (var node : nodes.all()) {
        assertThat(node.process().post("/predict", request).statusCode()).isEqualTo(200);
      }
    }
    Await.until(
        () -> status(nodes.get(1)).getJsonObject("comparisons"),
        all -> all.getInteger("sample") + all.getInteger("shed") >= REQUESTS - KILLED_AT);
    nodes.get(1).process().terminate(); // which stores what it has compared
    assertThat(nodes.get(1).process().ends(STOPPED)).isTrue();
    var ids = TestDatabase.query(uri, "SELECT prediction_id::text FROM prediction_disagreements");
    assertThat(ids).isNotEmpty().doesNotHaveDuplicates();
    assertThat(
            TestDatabase.query(
                uri,
                """
                SELECT d.shipment_id FROM prediction_disagreements AS d
                LEFT JOIN predictions AS p USING (prediction_id, predicted_at)
                WHERE p.cp IS DISTINCT FROM d.served_cp
                """))
        .isEmpty();

    Await.until(
        "the stopped one is gone",
        () -> nodes.get(0).view().getJsonArray("members", new JsonArray()).size() == 1);
    var original = served(nodes.get(0));
    var shadow = Release.open(SmallRelease.shuffled()).id();
    var alone = post(nodes.get(0), "/models/shadow/promote"); // the other one is away
    assertThat(alone.getString("result")).isEqualTo("promoted");
    nodes.get(1).process().start();
    Await.until(
        "both meet",
        () ->
            nodes.get(0).view().getJsonArray("members", new JsonArray()).size() == 2
                && nodes.get(1).view().getJsonArray("members", new JsonArray()).size() == 2);
    awaitShadow(nodes.get(1));
    assertThat(served(nodes.get(1))).isEqualTo(original); // reported, and asked again
    var both = post(nodes.get(0), "/models/shadow/promote");
    assertThat(results(both)).containsExactly("unchanged", "promoted");
    nodes.awaitWhole(Await.LONG);
    for (var node : nodes.all()) assertThat(served(node)).isEqualTo(shadow);
    var back = post(nodes.get(1), "/models/shadow/rollback");
    assertThat(results(back)).containsExactly("rolled-back", "rolled-back");
    nodes.awaitWhole(Await.LONG);
    assertThat(new HashSet<>(List.of(served(nodes.get(0)), served(nodes.get(1)))))
        .containsExactly(original);

    stopsACanaryOnAllNodes();
  }

  private static void share(double share) throws Exception {
    for (var node : nodes.all()) {
      node.process()
          .configure(
              new JsonObject()
                  .put(
                      "models",
                      new JsonObject().put("canary", new JsonObject().put("share", share))));
    }
  }

  private static JsonObject canary(ClusterNode node) {
    return status(node).getJsonObject("canary");
  }

  private static JsonObject awaitCanary(ClusterNode node, String state) {
    return Await.until(() -> canary(node), canary -> canary.getString("state").equals(state));
  }

  private static int servedByCanary(ClusterNode node, String shipments, int count)
      throws Exception {
    int byCanary = 0;
    for (int i = 0; i < count; i++) {
      var row = SmallRelease.rows().get(i);
      var request = Http.shipment(shipments + i, row.typed()).put("pincode", row.pincode());
      var response = new JsonObject(node.process().post("/predict", request).body());
      if (response.containsKey("release")) byCanary++;
    }
    return byCanary;
  }

  private void stopsACanaryOnAllNodes() throws Exception {
    share(1);
    var first = nodes.get(0);
    var second = nodes.get(1);
    var run = awaitCanary(first, "running").getString("run");
    assertThat(awaitCanary(second, "running").getString("run")).isEqualTo(run);
    assertThat(servedByCanary(first, "A", CANARY)).isPositive();
    assertThat(servedByCanary(second, "B", CANARY)).isPositive();

    // Every outcome agrees with the served release where the two differ.
    Await.until(
        () -> {
          var outcomes = new JsonArray();
          for (var row : TestDatabase.query(uri, DISAGREEMENTS)) outcomes.add(new JsonObject(row));
          if (outcomes.isEmpty()) return false;
          post(first, "/outcomes", new JsonObject().put("outcomes", outcomes));
          return canary(first).getString("state").equals("stopped");
        });
    var stop = canary(first).getJsonObject("stopped");
    assertThat(stop.getString("reason")).isEqualTo("accuracy");
    assertThat(awaitCanary(second, "stopped").getString("run")).isEqualTo(run);
    for (var node : nodes.all()) assertThat(servedByCanary(node, "C", 20)).isZero();

    second.process().terminate();
    assertThat(second.process().ends(STOPPED)).isTrue();
    Files.delete(second.process().directory().resolve("data/releases/canary.json"));
    second.process().start(); // as a node that joins later
    awaitShadow(second);
    assertThat(awaitCanary(second, "stopped").getString("run")).isEqualTo(run);
    Await.until(
        () -> canary(second).getJsonObject("stopped"),
        stopped -> stopped.equals(canary(first).getJsonObject("stopped")));
    nodes.awaitWhole(Await.LONG);

    // Another served release begins no run of a canary that was stopped.
    var some = new JsonObject().put("prefixes", new JsonArray().add("575"));
    assertThat(post(first, "/models/shadow/promote", some).getString("result"))
        .isEqualTo("promoted");
    nodes.awaitWhole(Await.LONG);
    for (var node : nodes.all()) {
      assertThat(awaitCanary(node, "stopped").getString("run")).isEqualTo(run);
    }

    share(0);
    for (var node : nodes.all()) awaitCanary(node, "off");
    share(1);
    var next = awaitCanary(first, "running").getString("run");
    assertThat(next).isNotEqualTo(run);
    assertThat(awaitCanary(second, "running").getString("run")).isEqualTo(next);
  }

  /**
   * Asked at one node, of a shipment that another one has in its journal and both in their caches.
   */
  private static void everyNodeForgetsAnErasedShipment() throws Exception {
    var row = SmallRelease.rows().get(0);
    var typed = row.typed() + " " + WORD + " Tower";
    for (var node : nodes.all()) {
      predict(node, "erase-me", typed, row.pincode());
      assertThat(predict(node, "erase-me", typed, row.pincode())).isEqualTo("cache");
    }
    Await.until(
        "all are stored",
        () ->
            TestDatabase.query(uri, "SELECT 1 FROM predictions").size() == 2 * nodes.all().size());
    for (var node : nodes.all()) assertThat(filesWithTheWord(node)).as(node.name()).isNotEmpty();

    var erased = nodes.get(0).process().delete("/shipments/erase-me");

    assertThat(erased.statusCode()).as(erased.body()).isEqualTo(200);
    assertThat(new JsonObject(erased.body()).getJsonObject("erased").getInteger("predictions"))
        .isEqualTo(2 * nodes.all().size());
    for (var node : nodes.all()) {
      Await.until("no file has the address", () -> filesWithTheWord(node).isEmpty());
      Await.until("the cache is empty", () -> cached(node) == 0);
      assertThat(predict(node, "another", typed, row.pincode())).isEqualTo("model");
    }
  }

  /** The source of the prediction. */
  private static String predict(ClusterNode node, String id, String typed, String pincode)
      throws Exception {
    var request = Http.shipment(id, typed).put("pincode", pincode);
    return new JsonObject(node.process().post("/predict", request).body()).getString("source");
  }

  private static int cached(ClusterNode node) throws Exception {
    return new JsonObject(node.process().get("/cache/stats").body()).getInteger("size");
  }

  private static List<Path> filesWithTheWord(ClusterNode node) throws IOException {
    return Directories.filesWith(node.process().directory(), WORD);
  }

  private static List<String> results(JsonObject response) {
    var results = new ArrayList<String>();
    for (var node : response.getJsonArray("nodes")) {
      results.add(((JsonObject) node).getString("result"));
    }
    return results;
  }
}
