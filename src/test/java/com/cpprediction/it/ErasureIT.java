package com.cpprediction.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.client.PredictionClient;
import com.cpprediction.json.Digests;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Directories;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Jdbc;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A shipment is erased from every table and every file, and doesn't come back. */
class ErasureIT {
  private static final String GONE = "erase-me-1";
  private static final String KEPT = "keep-me-1";

  /** A word of the addresses of the erased shipment alone. */
  private static final String WORD = "Quixotic";

  private static final String TABLES =
      """
      SELECT c.oid::regclass::text FROM pg_class c
      WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
      """;

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final String COUNTED_ANEW =
      """
      SELECT (SELECT coalesce(sum(outcomes), 0) FROM outcome_counts) = (SELECT count(*) FROM outcomes)
      """;

  @RegisterExtension
  private static final TestService service =
      new TestService(
          directory ->
              new JsonObject()
                  .put("persistence", new JsonObject().put("ack", "journal"))
                  .put("prediction", new JsonObject().put("min_text_confidence", 1.0)));

  private final Http http = service.http();
  private final String pincode = SmallRelease.rows().get(3).pincode();
  private final String typed = SmallRelease.rows().get(3).typed();

  @Test
  void erasesAShipmentWhereverItIsKept() throws Exception {
    predict(GONE, typed + " " + WORD + " Tower");
    assertThat(predict(GONE, typed + " " + WORD + " Tower").getString("source")).isEqualTo("cache");
    predict(KEPT, typed + " Lasting Tower");
    assertThat(http.post("/predict", Http.shipment(GONE, WORD)).body())
        .contains("pincode-required");
    stored("predictions", GONE, 2);
    stored("predictions", KEPT, 1);
    stored("refusals", GONE, 1);
    var outcome = new JsonObject().put("cp", "CP1");
    var outcomes =
        JsonArray.of(
            outcome.copy().put("shipment_id", GONE), outcome.copy().put("shipment_id", KEPT));
    http.post("/outcomes", new JsonObject().put("outcomes", outcomes));
    sql(
        """
        INSERT INTO prediction_rejects (prediction_id, prediction, error, sqlstate)
        VALUES (gen_random_uuid(), '{"shipment_id":"%1$s","address":"%2$s"}', 'too long', '22001');
        INSERT INTO prediction_disagreements (prediction_id, predicted_at, shipment_id, prefix, canary, served_cp,
            served_confidence, served_fingerprint, served_release, shadow_cp, shadow_confidence,
            shadow_fingerprint, shadow_release)
        VALUES (gen_random_uuid(), now(), '%1$s', '180', false, 'CP1', 1, 'a', 'a', 'CP2', 1, 'b', 'b');
        INSERT INTO review_claims (shipment_id, claimed_by, desk, claimed_at, until)
        VALUES ('%1$s', '', '', now(), now())
        """
            .formatted(GONE, WORD));
    assertThat(tables(WORD)).isNotEmpty();
    assertThat(files(WORD)).isNotEmpty();

    JsonObject erased;
    var reader = reader();
    try (reader) {
      erased = erase();
    }

    assertThat(erased)
        .isEqualTo(
            new JsonObject(
                """
                {"predictions": 2, "refusals": 1, "rejects": 1, "outcomes": 1, "disagreements": 1,
                 "canary_predictions": 0, "review_claims": 1, "journal": "erased"}
                """));
    nothingIsLeft();
    assertThat(http.get("/predictions/" + GONE).status()).isEqualTo(404);
    assertThat(http.get("/predictions/" + KEPT).status()).isEqualTo(200);
    assertThat(TestDatabase.query(service.databaseUri(), COUNTED_ANEW)).containsExactly("t");
    var target = "sha256:" + Digests.sha256Hex(GONE.getBytes(UTF_8));
    Await.until(
        "an entry of the audit log",
        () ->
            http.get("/audit?limit=1").json().getJsonArray("entries").stream()
                .map(JsonObject.class::cast)
                .anyMatch(
                    entry ->
                        entry.getString("action").equals("erase")
                            && entry.getString("target").equals(target)));

    doesNotComeBack();
    maybePredictedAgain();
  }

  /** A transaction that has read every table, as one of {@code pg_dump} has. */
  private static Connection reader() throws Exception {
    var connection = Jdbc.connect(service.databaseUri());
    connection.setAutoCommit(false);
    try (var statement = connection.createStatement()) {
      statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
      for (var table : TestDatabase.query(service.databaseUri(), TABLES)) {
        statement.execute("LOCK TABLE %s IN ACCESS SHARE MODE".formatted(table));
      }
    }
    return connection;
  }

  @Test
  void erasesAShipmentWhoseNameIsNoPartOfAPath() {
    var slashes = "a/b?c=%2F..";
    predict(slashes, typed);

    for (var id : List.of(slashes, "..")) {
      var answer = http.delete("/shipments?shipment_id=" + URLEncoder.encode(id, UTF_8));
      assertThat(answer.status()).as(answer.body()).isEqualTo(200);
      assertThat(answer.json().getString("shipment_id")).isEqualTo(id);
    }

    assertThat(http.get("/predictions?shipment_id=" + URLEncoder.encode(slashes, UTF_8)).status())
        .isEqualTo(404);
    assertThat(http.delete("/shipments").status()).isEqualTo(400);
  }

  /** A row that waited in a journal or in memory while the shipment was erased. */
  private void doesNotComeBack() throws Exception {
    var before = Instant.now().minus(Duration.ofMinutes(1));
    var late =
        Http.shipment(GONE, typed + " " + WORD + " Tower")
            .put("pincode", pincode)
            .put("prediction_id", UuidCreator.getTimeOrderedEpoch(before).toString());
    predict(KEPT, typed + " Lasting Tower"); // no address is new but the one of the late row
    stored("predictions", KEPT, 2);
    long cached = cached();
    assertThat(http.post("/predict", late).json().getString("source")).isEqualTo("model");
    predict(KEPT, typed + " Lasting Tower"); // behind it
    stored("predictions", KEPT, 3);

    assertThat(tables(GONE)).isEmpty();
    Await.until("its address is not in the cache", () -> cached() == cached);
    Await.until("the journal has no late row", this::leftNoFile);
    assertThat(predict("another", late.getString("address")).getString("source"))
        .isEqualTo("model");
    PredictionClient.of(service.vertx()).within(PATIENCE).erase("another").await();
    Await.until("the journal has no row of the other shipment", this::leftNoFile);
    nothingIsLeft();
    Await.until("no erasure is pending", () -> metric("cp_erasures_pending 0.0"));
    var again = PredictionClient.of(service.vertx()).within(PATIENCE).erase(GONE).await();
    assertThat(again.rows()).containsEntry("predictions", 0L).containsKey("review_claims");
    assertThat(again.journal()).isTrue();
  }

  private boolean leftNoFile() throws IOException {
    return files(GONE).isEmpty() && files(WORD).isEmpty();
  }

  private boolean metric(String line) {
    return http.get("/metrics").body().contains(line);
  }

  private void maybePredictedAgain() throws Exception {
    predict(GONE, typed);

    stored("predictions", GONE, 1);
    assertThat(erase().getInteger("predictions")).isEqualTo(1);
  }

  private JsonObject predict(String id, String address) {
    var answer = http.post("/predict", Http.shipment(id, address).put("pincode", pincode));
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    return answer.json();
  }

  private long cached() {
    return http.get("/cache/stats").json().getLong("size");
  }

  private JsonObject erase() {
    var answer = http.delete("/shipments/" + GONE);
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(answer.json().getString("shipment_id")).isEqualTo(GONE);
    return answer.json().getJsonObject("erased");
  }

  private void nothingIsLeft() throws Exception {
    for (var text : List.of(GONE, WORD)) {
      assertThat(tables(text)).as(text).isEmpty();
      assertThat(files(text)).as(text).isEmpty();
    }
  }

  private void stored(String table, String id, int rows) throws Exception {
    Await.until(
        () ->
            TestDatabase.query(
                    service.databaseUri(),
                    "SELECT count(*) FROM %s WHERE shipment_id = '%s'".formatted(table, id))
                .equals(List.of(String.valueOf(rows))));
  }

  /** Tables with {@code text} in any column. */
  private static List<String> tables(String text) throws Exception {
    var uri = service.databaseUri();
    return TestDatabase.query(uri, TABLES).stream()
        .filter(table -> holds(uri, table, text))
        .toList();
  }

  private static boolean holds(String uri, String table, String text) {
    try {
      return !TestDatabase.query(
              uri, "SELECT 1 FROM %s AS t WHERE t::text ILIKE '%%%s%%'".formatted(table, text))
          .isEmpty();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void sql(String statements) throws Exception {
    TestDatabase.execute(service.databaseUri(), statements);
  }

  /** Files below the home of the service with {@code text} in them. */
  private static List<Path> files(String text) throws IOException {
    return Directories.filesWith(service.directory(), text);
  }
}
