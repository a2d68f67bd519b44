package com.cpprediction.it;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.cli.CommandRun;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.TestRows;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The whole service, with either engine: real HTTP, a real model, a real PostgreSQL; as it is
 * delivered, with the embedded one.
 */
@ParameterizedClass
@ValueSource(strings = {"mapped", "xgboost"})
class ServiceIT {
  @Parameter private String engine;

  private static TestService service;
  private static Http http;

  @BeforeParameterizedClassInvocation
  static void start(String engine) throws Exception {
    var config =
        new JsonObject()
            .put("models", new JsonObject().put("engine", engine))
            .put(
                "prediction",
                new JsonObject().put("wrong_pincodes", 0.01).put("min_text_confidence", 0.5));
    service = new TestService(directory -> config);
    if (engine.equals("mapped")) service.embedded();
    http = service.http();
    service.start();
  }

  @AfterParameterizedClassInvocation
  static void stop() throws Exception {
    service.close();
  }

  @Test
  void servesEveryAddressTwiceAloneAndFromTheCacheAndStoresBoth() throws SQLException {
    var requests = new ArrayList<JsonObject>();
    for (var row : SmallRelease.rows()) {
      requests.add(
          Http.shipment("twice-" + requests.size(), row.typed()).put("pincode", row.pincode()));
    }

    http.delete("/cache");
    var first = http.postAll("/predict", requests);
    var second = http.postAll("/predict", requests);

    assertThat(first).allMatch(answer -> answer.status() == 200);
    assertThat(second).allMatch(answer -> answer.json().getString("source").equals("cache"));
    assertThat(second.stream().map(ServiceIT::scored).toList())
        .isEqualTo(first.stream().map(ServiceIT::scored).toList());
    assertThat(rows("shipment_id LIKE 'twice-%'")).isEqualTo(2L * requests.size());
    assertThat(rows("shipment_id LIKE 'twice-%' AND source = 'cache'"))
        .isGreaterThanOrEqualTo(requests.size());
  }

  @Test
  void storesWhatItAnswered() throws SQLException {
    var row = SmallRelease.rows().get(7);
    var sent = Instant.now();

    var answer = http.post("/predict", Http.shipment("stored", row.typed())).json();

    var stored = http.get("/predictions/stored").json().getJsonArray("predictions");
    assertThat(stored).hasSize(1);
    var found = stored.getJsonObject(0).copy();
    assertThat(Instant.parse((String) found.remove("predicted_at")))
        .isBetween(sent.minusMillis(1), Instant.now());
    assertThat(found).isEqualTo(answer);
    assertThat(rows("shipment_id = 'stored' AND length(fingerprint) = 64")).isEqualTo(1);
  }

  @Test
  void storesARepeatedPredictionIdOnce() throws SQLException {
    var id = PredictionIds.next().toString();
    var request =
        Http.shipment("repeated", SmallRelease.rows().get(3).typed()).put("prediction_id", id);

    var answers = http.postAll("/predict", List.of(request, request, request));

    assertThat(answers).allMatch(a -> a.json().getString("prediction_id").equals(id));
    assertThat(rows("shipment_id = 'repeated'")).isEqualTo(1);
  }

  @Test
  void servesABatchInOrderWithOneBadItemFailingAlone() throws SQLException {
    var shipments = new JsonArray();
    for (var row : SmallRelease.rows().subList(0, 300)) {
      shipments.add(
          Http.shipment("batch-" + shipments.size(), row.typed()).put("pincode", row.pincode()));
    }
    shipments.getJsonObject(150).put("pincode", "12");

    var answer = http.post("/predict/batch", new JsonObject().put("shipments", shipments)).json();

    var results = answer.getJsonArray("results");
    for (int i = 0; i < 300; i++) {
      assertThat(results.getJsonObject(i).getString("shipment_id")).isEqualTo("batch-" + i);
    }
    assertThat(results.getJsonObject(150).getJsonObject("error").getString("code"))
        .isEqualTo("malformed-request");
    assertThat(answer.getJsonObject("summary").getInteger("predicted")).isEqualTo(299);
    assertThat(answer.getJsonObject("summary").getInteger("failed")).isEqualTo(1);
    assertThat(rows("shipment_id LIKE 'batch-%'")).isEqualTo(299);
  }

  @Test
  void servesOnTheEventBusAsOverHttp() {
    var bus = service.vertx().eventBus();
    var request = Http.shipment("bus", SmallRelease.rows().get(11).typed());

    var overHttp = http.post("/predict", request).json();
    var overBus = bus.<JsonObject>request(Bus.PREDICT, request).await().body();
    var batch =
        bus.<JsonObject>request(
                Bus.PREDICT_BATCH, new JsonObject().put("shipments", new JsonArray().add(request)))
            .await()
            .body();

    assertThat(scored(overBus)).isEqualTo(scored(overHttp));
    assertThat(scored(batch.getJsonArray("results").getJsonObject(0))).isEqualTo(scored(overHttp));
    assertThat(http.get("/predictions/bus").json().getJsonArray("predictions")).hasSize(3);
  }

  @Test
  void predictsAsEvaluateCounts() {
    var right = 0;
    for (var row : SmallRelease.rows("575")) {
      var request = Http.shipment("evaluated", row.typed()).put("pincode", row.pincode());
      if (http.post("/predict", request).json().getString("cp").equals(row.cp())) right++;
    }

    var command =
        CommandRun.of(
            "evaluate",
            "--json",
            "--per-prefix",
            "--conf",
            service.config().toString(),
            "--data",
            SmallRelease.addresses().toString());

    assertThat(command.exit()).as(command.err()).isZero();
    var evaluated = new JsonObject(command.out());
    assertThat(evaluated.fieldNames()).contains("rows", "answered", "accuracy", "top3", "ece");
    var prefix = evaluated.getJsonObject("prefixes").getJsonObject("575");
    assertThat(Math.round(prefix.getDouble("accuracy") * prefix.getLong("rows"))).isEqualTo(right);
  }

  @Test
  void warmsTheCacheWithWhatIsPopularInPostgres() {
    var row = SmallRelease.rows().get(42);
    http.post("/predict", Http.shipment("popular", row.typed()).put("pincode", row.pincode()));
    http.delete("/cache");

    var warmed = http.post("/cache/warm", new JsonObject().put("popular", 1000));

    assertThat(warmed.status()).isEqualTo(200);
    assertThat(warmed.json().getInteger("warmed")).isPositive();
    var answer =
        http.post("/predict", Http.shipment("popular", row.typed()).put("pincode", row.pincode()));
    assertThat(answer.json().getString("source")).isEqualTo("cache");
  }

  @Test
  void explainsAnAnswer() {
    var row = SmallRelease.rows().get(30);
    var answer =
        http.post(
                "/predict?explain=true",
                Http.shipment("explained", row.typed()).put("pincode", row.pincode()))
            .json();

    var explanation = answer.getJsonObject("explanation");
    assertThat(explanation.getString("first")).isEqualTo(answer.getString("cp"));
    assertThat(explanation.getString("second"))
        .isEqualTo(answer.getJsonArray("alternatives").getJsonObject(0).getString("cp"));
    assertThat(explanation.getJsonArray("features")).hasSizeGreaterThan(10);
    assertThat(explanation.getJsonArray("words")).isNotEmpty();
    answer.remove("explanation");
    assertThat(http.get("/predictions/explained").json().getJsonArray("predictions"))
        .singleElement()
        .satisfies(
            stored ->
                assertThat(((JsonObject) stored).getMap()).containsAllEntriesOf(answer.getMap()));
  }

  @Test
  void servesAnAddressWithoutPincodeAndStoresHowItWasLocated() {
    var answer =
        http.post("/predict", Http.shipment("located", "Kadri Hills, near Kadri Temple, Mangalore"))
            .json();

    assertThat(answer.getString("prefix")).isEqualTo("575");
    assertThat(answer.getString("prefix_source")).isEqualTo("text");
    assertThat(answer.getString("pincode")).isNull();
    assertThat(http.get("/predictions/located").json().getJsonArray("predictions"))
        .singleElement()
        .satisfies(
            stored ->
                assertThat(((JsonObject) stored).getMap()).containsAllEntriesOf(answer.getMap()));
    var unsure = http.post("/predict", Http.shipment("unsure", "Main Road"));
    assertThat(unsure.status()).isEqualTo(422);
    assertThat(unsure.json().getJsonArray("guesses")).isNotEmpty();
    assertThat(http.get("/predictions/unsure").status()).isEqualTo(404);
  }

  @Test
  void judgesItsPredictionsByWhatTrulyHappened() throws Exception {
    var row = SmallRelease.rows("575").get(2);
    var predicted =
        http.post("/predict", Http.shipment("judged", row.typed()).put("pincode", row.pincode()))
            .json();
    var alternative = predicted.getJsonArray("alternatives").getJsonObject(0).getString("cp");
    Await.until(() -> http.get("/predictions/judged").status(), status -> status == 200);

    var judged = http.post("/outcomes", outcome("judged", alternative)).json();
    var corrected =
        service
            .vertx()
            .eventBus()
            .<JsonObject>request(Bus.OUTCOMES, outcome("judged", predicted.getString("cp")))
            .await(60, SECONDS)
            .body();

    assertThat(judged.getJsonArray("results").getJsonObject(0).getString("result"))
        .isEqualTo("alternative");
    assertThat(corrected.getJsonArray("results").getJsonObject(0))
        .isEqualTo(
            new JsonObject()
                .put("shipment_id", "judged")
                .put("cp", predicted.getString("cp"))
                .put("predicted", predicted.getString("cp"))
                .put("result", "right")
                .put("prefix", "575")
                .put("model", predicted.getString("model")));
    var live =
        Await.until(
            () -> http.get("/models/575").json().getJsonObject("live"),
            now -> now != null && now.getInteger("right") == 1);
    assertThat(live.getInteger("outcomes")).isEqualTo(1);
    assertThat(live.getDouble("accuracy")).isEqualTo(1);
    assertThat(http.get("/models/status").json().getJsonObject("live").getInteger("top3"))
        .isEqualTo(1);
    assertThat(http.get("/metrics").body())
        .contains(
            "cp_outcomes_total{result=\"right\"} 1.0",
            "cp_outcomes_total{result=\"alternative\"} 1.0",
            "cp_model_outcomes{prefix=\"575\"} 1.0",
            "cp_model_outcomes_right{prefix=\"575\"} 1.0",
            "cp_model_outcomes{prefix=\"180\"} 0.0");
  }

  private static JsonObject outcome(String shipment, String cp) {
    var outcome = new JsonObject().put("shipment_id", shipment).put("cp", cp);
    return new JsonObject().put("outcomes", new JsonArray().add(outcome));
  }

  @Test
  void showsItsStateAndItsMeters() {
    http.post("/predict", Http.shipment("metered", SmallRelease.rows().get(5).typed()));

    assertThat(http.get("/health/ready").status()).isEqualTo(200);
    assertThat(http.get("/health").json().getJsonObject("checks").fieldNames())
        .contains("models", "database", "config");
    var status = http.get("/models/status").json();
    assertThat(status.getString("engine")).isEqualTo(engine);
    assertThat(status.getInteger("loaded")).isEqualTo(SmallRelease.PREFIXES.size());
    assertThat(http.get("/models/575").json().getString("model")).startsWith("575@");
    assertThat(http.get("/metrics").body())
        .contains(
            "cp_predictions_total{",
            "cp_prediction_seconds_bucket{",
            "cp_http_requests_seconds_count{",
            "cp_score_seconds",
            "cp_model_load_seconds",
            "cp_models_loaded 3",
            "cp_db_flush_seconds",
            "cp_db_flush_rows",
            "cp_db_rows_total{",
            "cp_inflight",
            "jvm_memory_used_bytes{",
            "cp_build_info{");
    var summary = http.get("/metrics", "accept", "application/json");
    assertThat(summary.status()).isEqualTo(200);
    assertThat(summary.body()).contains("p99", "memory", "cache");
  }

  @Test
  void whatACallerMakesUpIsNoLabelOfAMeter() throws Exception {
    var client = HttpClient.newHttpClient();
    var request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + "/made-up-path"))
            .method("MADEUP", HttpRequest.BodyPublishers.noBody())
            .build();

    client.send(request, HttpResponse.BodyHandlers.discarding());

    assertThat(http.get("/metrics").body().toLowerCase()).doesNotContain("madeup", "made-up");
  }

  /** What the model said, without what differs from request to request. */
  private static JsonObject scored(Http.Answer answer) {
    return scored(answer.json());
  }

  private static JsonObject scored(JsonObject answer) {
    var scored = answer.copy();
    List.of("prediction_id", "shipment_id", "source").forEach(scored::remove);
    return scored;
  }

  private static long rows(String condition) throws SQLException {
    return TestRows.count(service.databaseUri(), condition);
  }
}
