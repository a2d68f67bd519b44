package com.cpprediction.chaos;

import com.cpprediction.chaos.Ledger.Answer;
import com.cpprediction.testing.PackagedService;
import com.cpprediction.testing.PostgresProcess;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Addresses of every prefix of a release, and what a process on its own answers to each: the
 * measure of what nodes answer together.
 */
final class SampleAddresses {
  /** More than the cache of a node holds in these tests, so that some are always scored. */
  private static final int COUNT = 2_400;

  private static final int BATCH = 100;

  private final List<JsonObject> all;
  private final Map<JsonObject, Set<Answer>> right = new HashMap<>();
  private final List<Set<String>> models = new ArrayList<>(); // of each release

  private SampleAddresses(List<JsonObject> all) {
    this.all = all;
  }

  /**
   * Starts a process for each release, asks it and ends it.
   *
   * @param releases of the same prefixes; what any of them answers is right
   */
  static SampleAddresses ask(PostgresProcess postgres, Path... releases) throws Exception {
    var addresses = new SampleAddresses(golden(releases[0]));
    for (var release : releases) {
      var database = postgres.newDatabase();
      var uri = PostgresProcess.uri(postgres.port(), database);
      var models = new JsonObject().put("dir", release.toAbsolutePath().toString());
      var config =
          new JsonObject()
              .put("models", models)
              .put("prediction", new JsonObject().put("wrong_pincodes", 0.01)); // as in the trials
      try (var alone = new PackagedService(() -> uri, config)) {
        alone.start();
        addresses.ask(alone);
      }
    }
    addresses.all.retainAll(addresses.right.keySet());
    return addresses;
  }

  /** The golden rows of all manifests, of many houses each where there are few of them. */
  private static List<JsonObject> golden(Path release) throws IOException {
    var rows = new ArrayList<JsonObject>();
    try (var children = Files.list(release)) {
      for (var child : children.sorted().toList()) {
        var manifest = child.resolve("manifest.json");
        if (Files.exists(manifest)) rows.addAll(rows(Files.readString(manifest)));
      }
    }
    var houses = new ArrayList<JsonObject>();
    for (int house = 0; houses.size() < COUNT; house++) {
      for (var row : rows) {
        var address = (house == 0 ? "" : "House " + house + ", ") + row.getString("address");
        houses.add(row.copy().put("address", address));
      }
    }
    return houses;
  }

  private static List<JsonObject> rows(String manifest) {
    var rows = new ArrayList<JsonObject>();
    for (var golden : new JsonObject(manifest).getJsonArray("golden")) {
      var row = (JsonObject) golden;
      var question = new JsonObject().put("address", row.getString("address"));
      var pincode = row.getString("pincode");
      rows.add(pincode == null ? question : question.put("pincode", pincode));
    }
    return rows;
  }

  private void ask(PackagedService alone) throws Exception {
    for (int from = 0; from < all.size(); from += BATCH) {
      var asked = all.subList(from, Math.min(all.size(), from + BATCH));
      var shipments = new JsonArray();
      for (var question : asked) shipments.add(question.copy().put("shipment_id", "Q"));
      var body = new JsonObject().put("shipments", shipments);
      var results =
          new JsonObject(alone.post("/predict/batch", body).body()).getJsonArray("results");
      for (int i = 0; i < asked.size(); i++) keep(asked.get(i), results.getJsonObject(i));
    }
    var served = new HashSet<String>();
    var status = new JsonObject(alone.get("/models/status").body());
    for (var model : status.getJsonArray("models")) {
      served.add(((JsonObject) model).getString("model"));
    }
    models.add(served);
  }

  private void keep(JsonObject question, JsonObject result) {
    if (!result.containsKey("cp")) return; // its words alone leave too much doubt
    right.computeIfAbsent(question, first -> new HashSet<>()).add(answer(result));
  }

  /** What of a prediction depends on its address only. */
  static Answer answer(JsonObject prediction) {
    return new Answer(
        prediction.getString("cp"),
        prediction.getDouble("confidence"),
        prediction.getString("model"));
  }

  /** An address and, mostly, its pincode; not to be changed. */
  JsonObject any(Random random) {
    return all.get(random.nextInt(all.size()));
  }

  /** {@code count} of them, spread over all prefixes. */
  List<JsonObject> spread(int count) {
    var chosen = new ArrayList<JsonObject>();
    for (int i = 0; i < count; i++) chosen.add(all.get(i * all.size() / count));
    return chosen;
  }

  boolean isRight(JsonObject question, Answer answer) {
    return right.get(question).contains(answer);
  }

  boolean ofSeveralReleases() {
    return models.size() > 1;
  }

  /** The releases that one of these models belongs to, counted from 0. */
  Set<Integer> releases(Set<String> answered) {
    var releases = new HashSet<Integer>();
    for (int i = 0; i < models.size(); i++) {
      if (answered.stream().anyMatch(models.get(i)::contains)) releases.add(i);
    }
    return releases;
  }
}
