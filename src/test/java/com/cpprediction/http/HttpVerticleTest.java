package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.batch;
import static com.cpprediction.http.HttpFixture.shipment;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Posterior;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.PrefixChances;
import com.cpprediction.prediction.PrefixSource;
import com.cpprediction.serving.HealthCheck;
import com.cpprediction.testing.TestScores;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class HttpVerticleTest {
  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
  }

  @Test
  void predictsAShipmentAsTheContractSays() throws Exception {
    edge.start();

    var response = edge.post("/predict", shipment("S1", "12, MG Road 560017"));

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
    assertThat(response.headers().firstValue("server")).isEmpty();
    var json = new JsonObject(response.body());
    assertThat(json.fieldNames())
        .containsExactly(
            "prediction_id",
            "shipment_id",
            "cp",
            "confidence",
            "alternatives",
            "pincode",
            "pincode_doubt",
            "pincode_believed",
            "prefix",
            "prefix_source",
            "model",
            "source");
    assertThat(json.getString("shipment_id")).isEqualTo("S1");
    assertThat(json.getDouble("confidence")).isEqualTo(0.97);
    assertThat(json.getJsonArray("alternatives"))
        .isEqualTo(
            new JsonArray()
                .add(new JsonObject().put("cp", "CP2").put("confidence", 0.02))
                .add(new JsonObject().put("cp", "CP3").put("confidence", 0.004)));
    assertThat(json.getString("pincode")).isEqualTo("560017");
    assertThat(json.getString("prefix")).isEqualTo("560");
    assertThat(json.getString("prefix_source")).isEqualTo("pincode");
    assertThat(json.getString("model")).isEqualTo("560@aaaaaaaa");
    assertThat(json.getString("source")).isEqualTo("model");
    assertThat(edge.recorded())
        .singleElement()
        .satisfies(
            kept -> {
              assertThat(kept.request().id()).hasToString(json.getString("prediction_id"));
              assertThat(kept.request().typed()).isEqualTo("12, MG Road 560017");
            });
  }

  @Test
  void recordsACacheHitToo() throws Exception {
    edge.start();

    edge.post("/predict", shipment("S1", "12, MG Road 560017"));
    var second = edge.post("/predict", shipment("S2", "12 mg road, 560 017"));

    assertThat(new JsonObject(second.body()).getString("source")).isEqualTo("cache");
    assertThat(edge.scoreRequests).hasSize(1);
    assertThat(edge.recorded())
        .extracting(kept -> kept.source())
        .containsExactly(Source.MODEL, Source.CACHE);
  }

  @Test
  void usesTheCallersPredictionIdAndPincode() throws Exception {
    edge.start();
    var id = PredictionIds.next().toString();

    var response =
        edge.post(
            "/predict",
            shipment("S1", "MG Road 411033").put("pincode", "५६००१७").put("prediction_id", id));

    var json = new JsonObject(response.body());
    assertThat(json.getString("prediction_id")).isEqualTo(id);
    assertThat(json.getString("pincode")).isEqualTo("560017");
  }

  @Test
  void repliesOnTheEventBusAsOverHttp() throws Exception {
    edge.start();
    var request =
        shipment("S1", "MG Road 560017").put("prediction_id", PredictionIds.next().toString());

    var overHttp = new JsonObject(edge.post("/predict", request).body());
    var overBus = edge.ask(Bus.PREDICT, request).body();

    assertThat(overBus).isEqualTo(overHttp.put("source", "cache"));
  }

  @Test
  void predictsABatchInTheOrderOfItsRequest() throws Exception {
    edge.start();

    var response =
        edge.post(
            "/predict/batch",
            batch(
                shipment("S1", "MG Road 560017"),
                shipment("S2", "no pincode"),
                shipment("S3", "FC Road 411033"),
                shipment("S4", "mg road 560017"),
                shipment("S5", "nowhere, PIN 999999")));

    assertThat(response.statusCode()).isEqualTo(200);
    var json = new JsonObject(response.body());
    assertThat(json.getJsonObject("summary"))
        .isEqualTo(
            new JsonObject().put("count", 5).put("predicted", 3).put("failed", 2).put("cached", 1));
    var results = json.getJsonArray("results");
    assertThat(results)
        .extracting(item -> ((JsonObject) item).getString("shipment_id"))
        .containsExactly("S1", "S2", "S3", "S4", "S5");
    assertThat(results.getJsonObject(3).getString("source")).isEqualTo("cache");
    assertThat(results.getJsonObject(1).getJsonObject("error").getString("code"))
        .isEqualTo("pincode-required");
    assertThat(results.getJsonObject(4).getJsonObject("error").getString("detail"))
        .contains("prefix 999");
    assertThat(edge.batches).singleElement().satisfies(b -> assertThat(b.predictions()).hasSize(3));
  }

  @Test
  void returnsTheStoredPredictionsOfAShipment() throws Exception {
    var stored = new JsonArray().add(new JsonObject().put("cp", "CP1"));
    edge.answer(
        Bus.STORED,
        (String id) -> Future.succeededFuture(id.equals("a/b +c") ? stored : new JsonArray()));
    edge.start();

    var found = edge.get("/predictions/a%2Fb%20+c");
    var missing = edge.get("/predictions/S2");

    assertThat(new JsonObject(found.body()))
        .isEqualTo(new JsonObject().put("shipment_id", "a/b +c").put("predictions", stored));
    assertThat(code(missing)).isEqualTo("not-found");
  }

  @Test
  void reportsItsHealth() throws Exception {
    var up = new AtomicBoolean();
    edge.checks.add(check("models", () -> true));
    edge.checks.add(check("persistence", up::get));
    edge.start();

    var degraded = new JsonObject(edge.get("/health").body());
    var notReady = edge.get("/health/ready");

    assertThat(degraded.getString("status")).isEqualTo("degraded");
    assertThat(degraded.getBoolean("ready")).isFalse();
    assertThat(degraded.getJsonObject("checks").getJsonObject("persistence"))
        .isEqualTo(new JsonObject().put("loaded", 1).put("ready", false));
    assertThat(notReady.statusCode()).isEqualTo(503);
    assertThat(code(notReady)).isEqualTo("not-ready");
    assertThat(notReady.body()).contains("persistence").doesNotContain("models");
    assertThat(edge.get("/health/live").statusCode()).isEqualTo(200);

    up.set(true);

    assertThat(new JsonObject(edge.get("/health").body()).getString("status")).isEqualTo("up");
    assertThat(edge.get("/health/ready").statusCode()).isEqualTo(200);
  }

  @Test
  void isReadyWhileDegraded() throws Exception {
    var broken = new AtomicReference<>(Optional.of("1 of 3 models can't be used: 560"));
    edge.checks.add(new HealthCheck("models", () -> true, broken::get, JsonObject::new));
    edge.checks.add(check("persistence", () -> true));
    edge.start();

    var degraded = new JsonObject(edge.get("/health").body());

    assertThat(degraded.getString("status")).isEqualTo("degraded");
    assertThat(degraded.getBoolean("ready")).isTrue();
    assertThat(degraded.getJsonObject("checks").getJsonObject("models"))
        .isEqualTo(
            new JsonObject()
                .put("ready", true)
                .put("degraded", "1 of 3 models can't be used: 560"));
    assertThat(edge.get("/health/ready").statusCode()).isEqualTo(200);

    broken.set(Optional.empty());

    assertThat(new JsonObject(edge.get("/health").body()).getString("status")).isEqualTo("up");
  }

  @Test
  void exportsMetersAsTextAndAsASummary() throws Exception {
    edge.start();
    edge.post("/predict", shipment("S1", "MG Road 560017"));
    edge.post("/predict", shipment("S2", "MG Road 560017"));
    edge.get("/models/../../etc/passwd");

    var text = edge.get("/metrics", "Accept", "text/plain;version=0.0.4;q=0.5,*/*;q=0.1");
    var summary = new JsonObject(edge.get("/metrics", "Accept", "application/json").body());

    assertThat(text.headers().firstValue("content-type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain; version=0.0.4"));
    assertThat(text.body())
        .contains("cp_predictions_total{outcome=\"ok\",source=\"cache\"} 1.0")
        .contains(
            "cp_http_requests_seconds_count{method=\"POST\",route=\"/predict\",status=\"200\"} 2")
        .contains("route=\"other\",status=\"404\"")
        .contains("cp_inflight 0.0")
        .contains("cache_gets_total")
        .doesNotContain("passwd");
    assertThat(summary.fieldNames())
        .contains("predictions", "http", "model_load", "database", "memory", "cache");
    assertThat(summary.getJsonObject("predictions").getJsonObject("cache").fieldNames())
        .containsExactly("count", "p50", "p95", "p99");
    assertThat(summary.getJsonObject("cache").getLong("hits")).isEqualTo(1);
    assertThat(summary.getJsonObject("memory").getLong("heap_used_bytes")).isPositive();
  }

  @Test
  void showsClearsAndWarmsTheCache() throws Exception {
    edge.answer(
        Bus.POPULAR,
        (Integer count) ->
            Future.succeededFuture(
                new JsonArray()
                    .add(new JsonObject().put("address", "fc road").put("pincode", "411033"))
                    .add(new JsonObject().put("address", "lost").put("pincode", "999999"))));
    edge.start();
    edge.post("/predict", shipment("S1", "MG Road 560017"));

    var listed =
        edge.post(
            "/cache/warm",
            new JsonObject()
                .put(
                    "addresses",
                    new JsonArray()
                        .add("MG Road 560017")
                        .add("Brigade Road 560001")
                        .add(new JsonObject().put("address", "no pincode"))
                        .add(7)));
    var popular = edge.post("/cache/warm", new JsonObject().put("popular", 2));

    assertThat(new JsonObject(listed.body()))
        .isEqualTo(
            new JsonObject()
                .put("requested", 4)
                .put("warmed", 1)
                .put("already_cached", 1)
                .put("failed", 2)
                .put("left", 0));
    assertThat(new JsonObject(popular.body()))
        .isEqualTo(
            new JsonObject()
                .put("requested", 2)
                .put("warmed", 1)
                .put("already_cached", 0)
                .put("failed", 1)
                .put("left", 0));
    assertThat(edge.recorded()).hasSize(1);
    assertThat(edge.ask(Bus.CACHE_STATS, null).body().getLong("size")).isEqualTo(3);
    assertThat(new JsonObject(edge.send("DELETE", "/cache", null).body()))
        .isEqualTo(new JsonObject().put("cleared", 3));
    assertThat(new JsonObject(edge.get("/cache/stats").body()).getLong("size")).isZero();
  }

  @Test
  void warmsOnceAtATimeAndWithinTheLimit() throws Exception {
    var asked = Promise.<Void>promise();
    var flight = Promise.<ScoreReply>promise();
    edge.scorer =
        request -> {
          asked.tryComplete();
          return flight.future();
        };
    edge.start();
    var body = new JsonObject().put("addresses", new JsonArray().add("MG Road 560017"));

    var first = edge.posting("/cache/warm", body);
    asked.future().await(60, SECONDS);
    var second = edge.post("/cache/warm", body);
    edge.prediction =
        new PredictionConfig(1, 0, 1, Duration.ofSeconds(5), OptionalDouble.of(0.01), 0.5);
    var predicted = edge.post("/predict", shipment("S1", "FC Road 411033"));
    flight.fail("enough");

    assertThat(new JsonObject(second.body()).getString("code")).isEqualTo("overloaded");
    assertThat(new JsonObject(predicted.body()).getString("code")).isEqualTo("overloaded");
    var warmed = new JsonObject(first.await(60, SECONDS).body());
    assertThat(warmed.getInteger("failed")).isEqualTo(1);
  }

  @Test
  void warmsWithALimitBelowAChunk() throws Exception {
    edge.prediction =
        new PredictionConfig(1, 0, 7, Duration.ofSeconds(5), OptionalDouble.of(0.01), 0.5);
    edge.start();
    var addresses = new JsonArray();
    for (int i = 0; i < 30; i++) addresses.add("House " + i + ", MG Road 560017");

    var warmed = edge.post("/cache/warm", new JsonObject().put("addresses", addresses));

    assertThat(new JsonObject(warmed.body()))
        .isEqualTo(
            new JsonObject()
                .put("requested", 30)
                .put("warmed", 30)
                .put("already_cached", 0)
                .put("failed", 0)
                .put("left", 0));
  }

  @Test
  void clearsTheCacheOnAWorker(Vertx vertx) throws Exception {
    edge.start();
    edge.post("/predict", shipment("S1", "MG Road 560017"));
    var busy = new CountDownLatch(1);
    for (int i = 0; i < VertxOptions.DEFAULT_WORKER_POOL_SIZE; i++) {
      vertx.executeBlocking(
          () -> {
            busy.await();
            return null;
          },
          false);
    }

    var overHttp = edge.sending("DELETE", "/cache");
    var overBus = vertx.eventBus().<JsonObject>request(Bus.CACHE_CLEAR, null);
    var whileAllWorkersAreBusy = new JsonObject(edge.get("/cache/stats").body());
    busy.countDown();

    assertThat(whileAllWorkersAreBusy.getLong("size")).isEqualTo(1);
    assertThat(
            new JsonObject(overHttp.await(60, SECONDS).body()).getLong("cleared")
                + overBus.await(60, SECONDS).body().getLong("cleared"))
        .isEqualTo(1);
  }

  @Test
  void parsesABigBatchOffTheEventLoopAndPredictsItInOrder() throws Exception {
    edge.start();
    var shipments = new JsonArray();
    for (int i = 0; i < 1000; i++) {
      shipments.add(
          shipment(
              "S" + i, "\u0939\u093f\u0928\u094d\u0926\u0940 " + "x".repeat(100) + i + " 560017"));
    }

    var answer = edge.post("/predict/batch", new JsonObject().put("shipments", shipments));

    var results = new JsonObject(answer.body()).getJsonArray("results");
    for (int i = 0; i < 1000; i++) {
      assertThat(results.getJsonObject(i).getString("shipment_id")).isEqualTo("S" + i);
    }
    assertThat(edge.recorded()).hasSize(1000);
  }

  @Test
  void showsTheModels() throws Exception {
    var model = new JsonObject().put("prefix", "560").put("cps", 3);
    var status = new JsonObject().put("models", new JsonArray().add(model)).put("loaded", 1);
    edge.answer(Bus.MODELS_STATUS, nothing -> Future.succeededFuture(status));
    edge.answer(
        Bus.MODEL_STATUS,
        prefix ->
            prefix.equals("560")
                ? Future.succeededFuture(model)
                : Future.failedFuture(Failure.NOT_FOUND.because("No model has this prefix")));
    edge.start();

    assertThat(new JsonObject(edge.get("/models/status").body())).isEqualTo(status);
    assertThat(new JsonObject(edge.get("/models/560").body())).isEqualTo(model);
    for (var path : List.of("/models/999", "/models/..%2f..%2fetc%2fpasswd", "/models/%2e%2e%2f")) {
      assertThat(code(edge.get(path))).isEqualTo("not-found");
    }
  }

  @Test
  void sharesOneModelStatusAmongConcurrentRequests() throws Exception {
    var builds = new LinkedBlockingQueue<Promise<JsonObject>>();
    edge.answer(
        Bus.MODELS_STATUS,
        nothing -> {
          var build = Promise.<JsonObject>promise();
          builds.add(build);
          return build.future();
        });
    edge.start();
    var callers = new ArrayList<Socket>();
    for (int i = 0; i < 50; i++) callers.add(edge.connect());
    for (var caller : callers) assertThat(ask(caller, "/health/live")).contains("up");

    var first = edge.getting("/models/status");
    var build = builds.poll(60, SECONDS);
    for (var caller : callers) write(caller, "/models/status");
    // What was there before this event loop last read is with it after it has read twice more.
    for (int i = 0; i < 2; i++) edge.get("/health/live");
    build.complete(new JsonObject().put("build", 1));
    builds.poll(60, SECONDS).complete(new JsonObject().put("build", 2));

    assertThat(first.await(60, SECONDS).body()).isEqualTo("{\"build\":1}");
    for (var caller : callers) {
      assertThat(answer(caller)).isEqualTo("{\"build\":2}");
      caller.close();
    }
    assertThat(builds).isEmpty();
  }

  private static String ask(Socket socket, String path) throws IOException {
    write(socket, path);
    return answer(socket);
  }

  private static void write(Socket socket, String path) throws IOException {
    var request = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
  }

  /** The body of the next answer. */
  private static String answer(Socket socket) throws IOException {
    var in = socket.getInputStream();
    var head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) head.append((char) in.read());
    var length = Pattern.compile("content-length: (\\d+)").matcher(head.toString().toLowerCase());
    assertThat(length.find()).as("%s", head).isTrue();
    return new String(in.readNBytes(Integer.parseInt(length.group(1))), StandardCharsets.UTF_8);
  }

  @Test
  void showsItsConfiguration() throws Exception {
    edge.start();

    assertThat(edge.get("/config").body()).isEqualTo("{\"http.port\":0}");
  }

  @Test
  void returnsTheRequestIdItWasGivenOrANewOne() throws Exception {
    edge.start();

    var given = edge.get("/health", "X-Request-Id", "my.id_1-2");
    var unsafe = edge.get("/health", "X-Request-Id", "a b");
    var failed = edge.get("/nowhere", "X-Request-Id", "mine");

    assertThat(given.headers().firstValue("x-request-id")).hasValue("my.id_1-2");
    assertThat(unsafe.headers().firstValue("x-request-id"))
        .hasValueSatisfying(id -> assertThat(id).hasSize(36));
    assertThat(failed.headers().firstValue("x-request-id")).hasValue("mine");
    assertThat(new JsonObject(failed.body()).getString("request_id")).isEqualTo("mine");
  }

  private static String cpOf(String typed) {
    var address = Address.of(typed, null);
    return HttpFixture.reply(HttpFixture.scoreRequest(address), "a").scores().get(0).cp(0);
  }

  @Test
  void predictsAnAddressWithoutPincodeByItsWords() throws Exception {
    edge.serve(ServingRelease.of(HttpFixture.FINGERPRINTS, text -> TestScores.chances("560", 0.8)));
    edge.start();

    var json = new JsonObject(edge.post("/predict", shipment("S1", "12, MG Road")).body());

    assertThat(json.getString("cp")).isEqualTo(cpOf("12, MG Road"));
    assertThat(json.getDouble("confidence")).isEqualTo(0.776); // 0.8 of 0.97
    assertThat(json.getJsonArray("alternatives").getJsonObject(0).getDouble("confidence"))
        .isEqualTo(0.016);
    assertThat(json.getString("pincode")).isNull();
    assertThat(json.getString("prefix")).isEqualTo("560");
    assertThat(json.getString("prefix_source")).isEqualTo("text");
    assertThat(edge.batches.get(0).predictions().get(0).best().confidence()).isEqualTo(0.776);
  }

  @Test
  void refusesAnUncertainPredictionWithItsGuesses() throws Exception {
    edge.serve(ServingRelease.of(HttpFixture.FINGERPRINTS, text -> TestScores.chances("560", 0.5)));
    edge.start();

    var refused = edge.post("/predict", shipment("S1", "12, MG Road"));
    var batch =
        edge.post(
            "/predict/batch",
            batch(shipment("S1", "12, MG Road"), shipment("S2", "MG Road 560017")));

    var cp = cpOf("12, MG Road");
    var guesses =
        new JsonArray()
            .add(new JsonObject().put("cp", cp).put("confidence", 0.485).put("prefix", "560"))
            .add(new JsonObject().put("cp", "CP2").put("confidence", 0.01).put("prefix", "560"))
            .add(new JsonObject().put("cp", "CP3").put("confidence", 0.002).put("prefix", "560"));
    assertThat(refused.statusCode()).isEqualTo(422);
    var problem = new JsonObject(refused.body());
    assertThat(problem.getString("code")).isEqualTo("pincode-required");
    assertThat(problem.getJsonArray("guesses")).isEqualTo(guesses);
    assertThat(problem.getString("detail")).endsWith("Best guess: " + cp);
    var results = new JsonObject(batch.body()).getJsonArray("results");
    assertThat(results.getJsonObject(0).getJsonObject("error").getJsonArray("guesses"))
        .isEqualTo(guesses);
    assertThat(results.getJsonObject(1).getString("cp")).isEqualTo(cpOf("MG Road 560017"));
    HttpFixture.until(() -> edge.batches.size() == 2); // a refusal is kept after its response
    assertThat(edge.batches).extracting(kept -> kept.predictions().size()).containsExactly(0, 1);
    assertThat(edge.batches).extracting(kept -> kept.refusals().size()).containsExactly(1, 1);

    edge.prediction =
        new PredictionConfig(1, 0, 100, Duration.ofSeconds(5), OptionalDouble.of(0.01), 0.485);
    assertThat(edge.post("/predict", shipment("S1", "12, MG Road")).statusCode()).isEqualTo(200);
  }

  @Test
  void scoresBothPrefixesWhereTheWordsSpeakAgainstThePincode() throws Exception {
    edge.serve(ServingRelease.of(HttpFixture.FINGERPRINTS, text -> chances(6e-6)));
    edge.start();

    var json = new JsonObject(edge.post("/predict", shipment("S1", "MG Road 560017")).body());

    // Both models say the same of every address: what they say adds up, and the pincode decides.
    assertThat(json.getString("cp")).isEqualTo(cpOf("MG Road 560017"));
    assertThat(json.getDouble("confidence")).isEqualTo(0.97);
    var fingerprints = List.of("b".repeat(64), "a".repeat(64));
    var both = Posterior.fingerprint(fingerprints);
    var reversed = Posterior.fingerprint(List.of("a".repeat(64), "b".repeat(64)));
    assertThat(edge.recorded().get(0).scored().fingerprint()).isIn(both, reversed);
    assertThat(json.getString("model"))
        .endsWith(edge.recorded().get(0).scored().fingerprint().substring(0, 8));

    var again = new JsonObject(edge.post("/predict", shipment("S2", "MG Road 560017")).body());

    assertThat(again.getString("source")).isEqualTo("cache");
    assertThat(again.getValue("pincode_doubt")).isEqualTo(json.getValue("pincode_doubt"));
  }

  @Test
  void correctsThePrefixWhereTheWordsAreSure() throws Exception {
    edge.serve(ServingRelease.of(HttpFixture.FINGERPRINTS, text -> chances(1e-12)));
    edge.start();

    var json = new JsonObject(edge.post("/predict", shipment("S1", "MG Road 560017")).body());

    assertThat(json.getString("prefix")).isEqualTo("411");
    assertThat(json.getString("prefix_source")).isEqualTo("corrected");
    assertThat(json.getString("pincode")).isEqualTo("560017");
    assertThat(json.getString("model")).isEqualTo("411@bbbbbbbb");
    assertThat(edge.recorded().get(0).belief().source()).isSameAs(PrefixSource.CORRECTED);
    var metrics = edge.get("/metrics").body();
    assertThat(metrics).contains("cp_predictions_corrected_total 1.0", "cp_pincode_doubt_count 1");
  }

  /** Words of prefix 411, but for this probability of 560. */
  private static PrefixChances chances(double of560) {
    return new PrefixChances(List.of("411", "560"), new double[] {1 - of560, of560});
  }

  @Test
  void needsAPincodeWhereNoModelServesThePlace() throws Exception {
    edge.serve(ServingRelease.of(HttpFixture.FINGERPRINTS, text -> TestScores.chances("799", 0.9)));
    edge.start();

    var refused = edge.post("/predict", shipment("S1", "Agartala"));

    AdmissionTest.isProblem(refused, Failure.PINCODE_REQUIRED);
    assertThat(new JsonObject(refused.body()).getString("detail")).contains("prefix 799");
  }

  @Test
  void explainsOnRequest() throws Exception {
    var questions = new CopyOnWriteArrayList<ScoreRequest>();
    edge.explainer =
        question -> {
          questions.add(question);
          return Future.succeededFuture(new JsonObject().put("first", "CP1"));
        };
    edge.start();
    var shipment = shipment("S1", "12, MG Road 560017");

    var explained = new JsonObject(edge.post("/predict?explain=true", shipment).body());
    var plain = new JsonObject(edge.post("/predict?explain=false", shipment).body());
    var nonsense = edge.post("/predict?explain=yes", shipment);

    assertThat(explained.getJsonObject("explanation").getString("first")).isEqualTo("CP1");
    assertThat(explained.getJsonObject("explanation").getJsonArray("prefixes"))
        .singleElement()
        .satisfies(one -> assertThat(((JsonObject) one).getString("prefix")).isEqualTo("560"));
    assertThat(explained.getString("cp")).isEqualTo(plain.getString("cp"));
    assertThat(plain.containsKey("explanation")).isFalse();
    assertThat(questions)
        .singleElement()
        .satisfies(
            question -> {
              assertThat(question.prefix()).isEqualTo("560");
              assertThat(question.addresses())
                  .containsExactly(Address.of("12 mg road 560017", null));
            });
    AdmissionTest.isProblem(nonsense, Failure.MALFORMED_REQUEST);
    assertThat(edge.recorded()).hasSize(2);
  }

  @Test
  void forwardsAReloadAndItsResult() throws Exception {
    var asked = new CopyOnWriteArrayList<JsonObject>();
    var report =
        new JsonObject().put("loaded", 1).put("failed", new JsonObject().put("411", "cut"));
    edge.answer(
        Bus.MODELS_RELOAD_AS,
        (JsonObject question) -> {
          asked.add(question);
          return Future.succeededFuture(report);
        });
    edge.start();
    var some = new JsonObject().put("prefixes", new JsonArray().add("560").add("411"));

    var all = edge.send("POST", "/models/reload", null);
    var few = edge.post("/models/reload", some);

    assertThat(all.statusCode()).isEqualTo(200);
    assertThat(new JsonObject(few.body())).isEqualTo(report);
    assertThat(asked).containsExactly(new JsonObject(), some);
  }

  @Test
  void doesNotRecordAFailedExplanation() throws Exception {
    edge.explainer = question -> Future.failedFuture(Failure.NOT_READY.because("cut short"));
    edge.start();

    var refused = edge.post("/predict?explain=true", shipment("S1", "12, MG Road 560017"));

    AdmissionTest.isProblem(refused, Failure.NOT_READY);
    assertThat(edge.recorded()).isEmpty();
  }

  @Test
  void respondsToHeadLikeGetWithoutTheBody() throws Exception {
    edge.start();

    var response = edge.send("HEAD", "/health", null);

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).isEmpty();
  }

  private static String code(HttpResponse<String> response) {
    return new JsonObject(response.body()).getString("code");
  }

  private static HealthCheck check(String name, java.util.function.BooleanSupplier ready) {
    return new HealthCheck(name, ready, () -> new JsonObject().put("loaded", 1));
  }
}
