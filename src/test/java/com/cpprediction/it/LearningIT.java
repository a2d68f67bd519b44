package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.cli.CommandRun;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Jdbc;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** From predictions and their outcomes to a better release. */
class LearningIT {
  private static final String ADDRESSES = SmallRelease.addresses().toString();

  /** Serves a release of its own, which has its counts. */
  @RegisterExtension
  static final TestService service =
      new TestService(
          home -> {
            var release = home.resolve("release").toString();
            var run =
                CommandRun.of("train", "--data", ADDRESSES, "--out", release, "--held-back", "0");
            assertThat(run.exit()).as(run.err()).isZero();
            return new JsonObject()
                .put("models", new JsonObject().put("dir", release).put("drift_ms", 500));
          });

  @TempDir private static Path directory;

  @Test
  void learnsWhichBranchesHaveChangedTheirAreas() throws Exception {
    var begin = Instant.now().toString(); // after the outcomes of other tests
    var rows = SmallRelease.rows();
    var moved = moved(rows);
    predictAll(rows);
    // Every third parcel goes where it is sent, right or wrong: nobody finds out.
    var outcomes = new ArrayList<String>();
    var order = IntStream.range(0, rows.size()).boxed().collect(Collectors.toList());
    Collections.shuffle(order, new Random(1));
    for (int i : order) {
      var cp = rows.get(i).cp();
      outcomes.add("L%d,%s".formatted(i, i % 3 == 0 ? cp : moved.getOrDefault(cp, cp)));
    }
    int newest = rows.size() / 5;
    report(outcomes.subList(0, outcomes.size() - newest));
    report(
        order.subList(order.size() - newest, order.size()).stream()
            .map(i -> "L%d,%s".formatted(i, moved.getOrDefault(rows.get(i).cp(), rows.get(i).cp())))
            .toList());
    update("UPDATE outcomes SET origin = 'review', author = 'ann' WHERE shipment_id LIKE 'L%7'");
    var live = directory(service);
    var next = directory.resolve("next");

    var run =
        train(
            "--add",
            live.toString(),
            "--since",
            begin,
            "--newest",
            "0.2",
            "--out",
            next.toString(),
            "--json");

    assertThat(run.err()).isEmpty();
    assertThat(run.exit()).isZero();
    var learning = run.json().getJsonObject("learning");
    assertThat(learning.getJsonObject("learned").getInteger("reviewed")).isGreaterThan(30);
    assertThat(learning.getInteger("newest")).isEqualTo(newest);
    var figures = learning.getJsonObject("questions").getJsonObject("full");
    var against = figures.getJsonObject("against").getJsonObject("accuracy");
    assertThat(against.getDouble("difference")).as(figures.encode()).isGreaterThan(0.05);
    assertThat(CommandRun.of("models", "verify", next.toString(), "--against", live.toString()))
        .extracting(CommandRun::exit)
        .isEqualTo(0);

    var again = train("--add", next.toString(), "--out", directory.resolve("third").toString());
    assertThat(again.exit()).isEqualTo(1);
    assertThat(again.err()).contains(newest + " outcomes are known", "train needs 300");
    assertThat(directory.resolve("third")).doesNotExist();

    var nightly = directory.resolve("nightly");
    assertThat(train("--schedule", nightly.toString(), "--since", begin, "--newest", "0.2").exit())
        .isZero();
    var shadow = Files.readSymbolicLink(nightly.resolve("shadow"));
    assertThat(shadow.toString()).matches("\\d{8}T\\d{6}Z");
    assertThat(Files.readString(nightly.resolve(shadow).resolve("release.json")))
        .isEqualTo(Files.readString(next.resolve("release.json")));

    SmallRelease.replace(live, next);
    var reload = service.http().post("/models/reload", new JsonObject());
    assertThat(reload.json().getJsonObject("failed")).isEqualTo(new JsonObject());
    assertThat(reload.json().getInteger("loaded")).isEqualTo(3);
    long right =
        order.subList(order.size() - newest, order.size()).stream()
            .filter(i -> moved.containsKey(rows.get(i).cp()))
            .filter(i -> predicted(rows.get(i)).equals(moved.get(rows.get(i).cp())))
            .count();
    assertThat(right).isPositive();
  }

  @Test
  void showsTheDriftOfWhatIsPredictedAndDelivered() throws Exception {
    var rows = SmallRelease.rows("575");
    var bodies = new ArrayList<JsonObject>();
    for (int i = 0; i < 20; i++) {
      for (var row : rows.subList(0, 20)) {
        bodies.add(Http.shipment("D" + bodies.size(), row.typed() + " Qzxv Wqkj Zzyx"));
      }
    }
    service.http().postAll("/predict", bodies);
    report(IntStream.range(0, 5).mapToObj(i -> "D%d,CPNEW".formatted(i)).toList());

    var drift =
        Await.until(
            () -> service.http().get("/models/drift").json(),
            now ->
                now.getJsonObject("new_cps").getJsonArray("first").encode().contains("CPNEW")
                    && prefix(now, "575").getValue("unknown_words") != null);

    assertThat(prefix(drift, "575").getDouble("unknown_words")).isGreaterThan(0.1);
    assertThat(prefix(drift, "575").getInteger("outcomes")).isNotNegative();
    assertThat(prefix(drift, "575").getMap()).containsKeys("confidence", "confidence_trained");
    assertThat(drift.getJsonObject("outcomes").getInteger("count")).isGreaterThanOrEqualTo(5);
    assertThat(drift.getValue("closed_cps")).isNull(); // of a minute
    assertThat(service.http().get("/metrics", "Accept", "text/plain").body())
        .containsPattern("cp_drift_new_cps [1-9]")
        .containsPattern("cp_drift_unknown_words\\{prefix=\"575\"} 0\\.\\d");
  }

  private static JsonObject prefix(JsonObject drift, String prefix) {
    return drift.getJsonArray("prefixes").stream()
        .map(JsonObject.class::cast)
        .filter(own -> own.getString("prefix").equals(prefix))
        .findFirst()
        .orElseGet(JsonObject::new);
  }

  /** Every fifth CP of a prefix gets the area of the next such. */
  private static Map<String, String> moved(List<SmallRelease.Row> rows) {
    var moved = new TreeMap<String, String>();
    for (var prefix : SmallRelease.PREFIXES) {
      var cps =
          rows.stream()
              .filter(row -> row.pincode().startsWith(prefix))
              .map(SmallRelease.Row::cp)
              .distinct()
              .sorted()
              .toList();
      var chosen =
          IntStream.range(0, cps.size()).filter(i -> i % 5 == 0).mapToObj(cps::get).toList();
      for (int i = 0; i < chosen.size(); i++) {
        if (chosen.size() > 1) moved.put(chosen.get(i), chosen.get((i + 1) % chosen.size()));
      }
    }
    return moved;
  }

  private static void predictAll(List<SmallRelease.Row> rows) {
    var bodies = new ArrayList<JsonObject>();
    for (int i = 0; i < rows.size(); i++) bodies.add(Http.shipment("L" + i, rows.get(i).typed()));
    assertThat(service.http().postAll("/predict", bodies))
        .allMatch(answer -> answer.status() == 200);
  }

  private static String predicted(SmallRelease.Row row) {
    return service.http().post("/predict", Http.shipment("P", row.typed())).json().getString("cp");
  }

  private static void report(List<String> outcomes) throws IOException {
    var lines = new ArrayList<>(List.of("shipment_id,cp"));
    lines.addAll(outcomes);
    var file = Files.write(directory.resolve("reported.csv"), lines);
    var url = "http://127.0.0.1:" + service.port();
    var run = CommandRun.of("outcomes", "import", "--url", url, file.toString());
    assertThat(run.out()).contains(" 0 unknown, 0 failed");
  }

  private static void update(String sql) throws SQLException {
    try (var connection = Jdbc.connect(service.databaseUri());
        var statement = connection.createStatement()) {
      assertThat(statement.executeUpdate(sql)).isPositive();
    }
  }

  private static Path directory(TestService service) {
    return service.config().resolveSibling("../release").normalize();
  }

  private static CommandRun train(String... options) {
    var conf = service.config().toString();
    var arguments =
        new ArrayList<>(
            List.of("train", "--from-database", "--conf", conf, "--least-outcomes", "300"));
    arguments.addAll(List.of(options));
    return CommandRun.of(arguments.toArray(String[]::new));
  }

  @Test
  void exportsTheOutcomesWithTheirAddresses() throws Exception {
    var row = SmallRelease.rows().get(0);
    var typed = '"' + row.typed() + "\", first \u00e9tage";
    assertThat(service.http().post("/predict", Http.shipment("E1", typed)).status()).isEqualTo(200);
    update(
        """
        INSERT INTO refusals (refusal_id, refused_at, shipment_id, address, detail, confidence, guesses)
        VALUES (gen_random_uuid(), now(), 'E3', 'Qzxv Wqkj Zzyx', 'no pincode', 0, '[]')
        """);
    var file = directory.resolve("outcomes.csv");
    Files.writeString(file, "shipment_id,cp\nE1,CP9\nE2,\"CP,8\"\nE3,CP7\n");
    var url = "http://127.0.0.1:" + service.port();
    assertThat(CommandRun.of("outcomes", "import", "--url", url, file.toString()).exit()).isZero();
    var out = directory.resolve("exported.csv");

    var run = export("--since", "2020-01-01", "--out", out.toString());

    assertThat(run.err()).isEmpty();
    assertThat(run.out()).endsWith(" outcomes written to " + out + "\n");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(out)))
        .isEqualTo("rw-------");
    var lines = Files.readAllLines(out);
    assertThat(lines.get(0))
        .isEqualTo("shipment_id,address,pincode,cp,predicted,result,reported_at,origin,author");
    var own = lines.stream().filter(line -> line.matches("E\\d,.*")).toList();
    assertThat(own.get(0))
        .startsWith("E1,\"" + typed.replace("\"", "\"\"") + "\"," + row.pincode() + ",CP9,")
        .matches(".*,wrong,\\d{4}-\\d\\d-\\d\\dT.*Z,report,");
    assertThat(own.get(1)).startsWith("E2,,,\"CP,8\",,unknown,").endsWith(",report,");
    assertThat(
            export("--since", "2020-01-01", "--until", "2020-02-01", "--out", out.toString()).out())
        .contains("0 outcomes written");
    assertThat(export("--since", "2999-01-01", "--out", out.toString()).exit()).isEqualTo(2);
  }

  private static CommandRun export(String... options) {
    var conf = service.config().toString();
    var arguments = new ArrayList<>(List.of("outcomes", "export", "--conf", conf));
    arguments.addAll(List.of(options));
    return CommandRun.of(arguments.toArray(String[]::new));
  }
}
