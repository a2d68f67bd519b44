package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.batch;
import static com.cpprediction.http.HttpFixture.shipment;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.Refusal;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(VertxExtension.class)
@Timeout(60)
class PredictionServiceTest {
  private static final JsonObject SHIPMENT = shipment("S1", "MG Road 560017");

  private final Promise<Void> asked = Promise.promise();
  private final Promise<ScoreReply> flight = Promise.promise();
  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx).start();
  }

  @Test
  void scoresIdenticalRequestsInFlightOnce() throws Exception {
    holdTheScorer();

    var first = edge.posting("/predict", SHIPMENT);
    asked.future().await(60, SECONDS);
    var second = edge.posting("/predict", shipment("S2", "mg road, 560 017"));
    var third = edge.posting("/predict/batch", batch(shipment("S3", "MG ROAD 560017")));
    joinedBy(2);
    flight.complete(answer());

    assertThat(json(first).getString("source")).isEqualTo("model");
    assertThat(json(second).getString("source")).isEqualTo("cache");
    assertThat(json(third).getJsonObject("summary").getInteger("cached")).isEqualTo(1);
    assertThat(edge.scoreRequests).hasSize(1);
    assertThat(edge.recorded()).hasSize(3);
  }

  @Test
  void failsAllWaitingRequestsWhenScoringFails() throws Exception {
    holdTheScorer();

    var first = edge.posting("/predict", SHIPMENT);
    asked.future().await(60, SECONDS);
    var second = edge.posting("/predict", SHIPMENT);
    joinedBy(1);
    flight.fail(Failure.OVERLOADED.because("The workers are busy"));

    assertThat(json(first).getString("detail")).isEqualTo("The workers are busy");
    assertThat(json(second).getString("code")).isEqualTo("overloaded");
  }

  @Test
  void sendsOneMessagePerPrefixAndKeepsABatchWhole() throws Exception {
    edge.post(
        "/predict/batch",
        batch(
            shipment("S1", "MG Road 560017"),
            shipment("S2", "FC Road 411033"),
            shipment("S3", "Brigade Road 560001"),
            shipment("S4", "mg road 560017")));

    assertThat(edge.scoreRequests)
        .extracting(request -> request.addresses().stream().map(Address::text).toList())
        .containsExactlyInAnyOrder(
            List.of("mg road 560017", "brigade road 560001"), List.of("fc road 411033"));
    assertThat(edge.batches).hasSize(1);
  }

  @Test
  void aPrefixThatFailsTakesOnlyItsItemsAlong() throws Exception {
    edge.scorer = request -> Future.failedFuture(Failure.NOT_READY.because("The model is loading"));

    var response =
        edge.post(
            "/predict/batch",
            batch(shipment("S1", "MG Road 560017"), shipment("S2", "FC Road 411033")));

    var results = new JsonObject(response.body()).getJsonArray("results");
    assertThat(results.getJsonObject(0).getJsonObject("error").getString("detail"))
        .isEqualTo("The model is loading");
    assertThat(results.getJsonObject(1).getString("cp")).isNotNull();
    assertThat(edge.recorded()).hasSize(1);
  }

  @Test
  void aPrefixThatIsLateTakesOnlyItsItemsAlong() throws Exception {
    holdTheScorer();
    timeout(2_000);

    var response =
        edge.post(
            "/predict/batch",
            batch(shipment("S1", "MG Road 560017"), shipment("S2", "FC Road 411033")));

    var results = new JsonObject(response.body()).getJsonArray("results");
    assertThat(results.getJsonObject(0).getJsonObject("error").getString("code"))
        .isEqualTo("deadline-exceeded");
    assertThat(results.getJsonObject(1).getString("cp")).isNotNull();
    assertThat(edge.recorded()).hasSize(1);
  }

  @Test
  void aBatchThatIsNotKeptFailsWhole() throws Exception {
    edge.recorder = batch -> Future.failedFuture(Failure.OVERLOADED.because("The queue is full"));

    var response = edge.post("/predict/batch", batch(SHIPMENT, shipment("S2", "no pincode")));

    AdmissionTest.isProblem(response, Failure.OVERLOADED);
    assertThat(response.body()).contains("The queue is full");
  }

  @Test
  void oneIdIsOneShipmentInABatch() throws Exception {
    var id = PredictionIds.next().toString();

    var response =
        edge.post(
            "/predict/batch",
            batch(
                SHIPMENT.copy().put("prediction_id", id),
                SHIPMENT.copy().put("prediction_id", id),
                shipment("S2", "FC Road 411033").put("prediction_id", id)));

    var results = new JsonObject(response.body()).getJsonArray("results");
    assertThat(results.getJsonObject(0).getString("prediction_id")).isEqualTo(id);
    assertThat(results.getJsonObject(1).getString("prediction_id")).isEqualTo(id);
    assertThat(results.getJsonObject(2).getJsonObject("error").getString("detail"))
        .isEqualTo(PredictionIds.taken().getMessage());
  }

  @Test
  void anIdThatIsAnotherShipmentsIsRefused() throws Exception {
    var id = PredictionIds.next().toString();
    edge.taken = batch -> new JsonArray().add(id);

    var many =
        edge.post(
            "/predict/batch",
            batch(SHIPMENT.copy().put("prediction_id", id), shipment("S2", "FC Road 411033")));
    var one = edge.post("/predict", SHIPMENT.copy().put("prediction_id", id));

    var results = new JsonObject(many.body()).getJsonArray("results");
    var error = results.getJsonObject(0).getJsonObject("error");
    assertThat(error.getString("code")).isEqualTo("malformed-request");
    assertThat(error.getString("detail")).isEqualTo(PredictionIds.taken().getMessage());
    assertThat(results.getJsonObject(1).getString("cp")).isNotNull();
    AdmissionTest.isProblem(one, Failure.MALFORMED_REQUEST);
    assertThat(one.body()).contains(PredictionIds.taken().getMessage());
  }

  @Test
  void onlyWhatWasRefusedForStoringFails() throws Exception {
    var refused = PredictionIds.next().toString();
    edge.recorder = batch -> Future.succeededFuture(new JsonArray().add(refused));

    var many =
        edge.post(
            "/predict/batch",
            batch(SHIPMENT.copy().put("prediction_id", refused), shipment("S2", "FC Road 411033")));
    var one = edge.post("/predict", SHIPMENT.copy().put("prediction_id", refused));

    var results = new JsonObject(many.body()).getJsonArray("results");
    assertThat(results.getJsonObject(0).getJsonObject("error").getString("code"))
        .isEqualTo("internal");
    assertThat(results.getJsonObject(1).getString("cp")).isNotNull();
    AdmissionTest.isProblem(one, Failure.INTERNAL);
  }

  @Test
  void scoresNothingForABatchWithoutAGoodItem() throws Exception {
    var response = edge.post("/predict/batch", batch(shipment("S1", "no pincode")));

    assertThat(new JsonObject(response.body()).getJsonObject("summary").getInteger("failed"))
        .isEqualTo(1);
    HttpFixture.until(() -> !edge.batches.isEmpty()); // a refusal is kept after its response
    assertThat(edge.recorded()).isEmpty();
    assertThat(edge.batches)
        .singleElement()
        .satisfies(
            batch ->
                assertThat(batch.refusals())
                    .extracting(Refusal::shipmentId, Refusal::typed)
                    .containsExactly(tuple("S1", "no pincode")));
  }

  @Test
  void answersOnlyWhatIsKept() throws Exception {
    edge.recorder = batch -> Future.failedFuture(Failure.NOT_READY.because("No database"));

    AdmissionTest.isProblem(edge.post("/predict", SHIPMENT), Failure.NOT_READY);
  }

  @Test
  void doesNotWaitLongerThanItsDeadlineForAScore() throws Exception {
    holdTheScorer();
    timeout(500);

    AdmissionTest.isProblem(edge.post("/predict", SHIPMENT), Failure.DEADLINE_EXCEEDED);

    flight.complete(answer()); // its callers have left, yet it is worth keeping
    timeout(5_000);
    assertThat(new JsonObject(edge.post("/predict", SHIPMENT).body()).getString("source"))
        .isEqualTo("cache");
  }

  @Test
  void doesNotWaitLongerThanItsDeadlineForAnUncachedScore() throws Exception {
    edge.switchCacheOff();
    holdTheScorer();
    timeout(500);

    AdmissionTest.isProblem(edge.post("/predict", SHIPMENT), Failure.DEADLINE_EXCEEDED);
  }

  @Test
  void doesNotWaitLongerThanItsDeadlineForTheRecord() throws Exception {
    edge.post("/predict", SHIPMENT); // so that the deadline is not over before there are scores
    edge.recorder = batch -> Promise.<JsonArray>promise().future();
    timeout(500);

    var response = edge.post("/predict", SHIPMENT);

    AdmissionTest.isProblem(response, Failure.DEADLINE_EXCEEDED);
    assertThat(response.body()).contains("prediction_id");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/predict", "/predict/batch"})
  void waitsAsLongAsTheCallerDoes(String path) throws Exception {
    holdTheScorer();
    var body = path.endsWith("batch") ? batch(SHIPMENT) : SHIPMENT;

    var response = edge.send("POST", path, body.toBuffer().getBytes(), "X-Deadline-Ms", "500");

    assertThat(response.body()).contains("\"code\":\"deadline-exceeded\"");
    assertThat(edge.recorded()).isEmpty();
  }

  @Test
  void waitsAsLongAsTheCallerOnTheEventBusDoes(Vertx vertx) {
    holdTheScorer();
    var brief = new DeliveryOptions().addHeader("X-Deadline-Ms", "500");

    assertThatThrownBy(
            () -> vertx.eventBus().request(Bus.PREDICT, SHIPMENT, brief).await(60, SECONDS))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.DEADLINE_EXCEEDED));
  }

  @Test
  void neverWaitsLongerThanItsOwnTimeout() throws Exception {
    holdTheScorer();
    timeout(500);

    AdmissionTest.isProblem(
        edge.send("POST", "/predict", SHIPMENT.toBuffer().getBytes(), "X-Deadline-Ms", "999999999"),
        Failure.DEADLINE_EXCEEDED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "1.5", "soon", "1000000000", "5 "})
  void refusesADeadlineThatIsNone(String deadline, Vertx vertx) throws Exception {
    if (deadline.equals(deadline.strip())) { // HTTP strips a value itself
      AdmissionTest.isProblem(
          edge.send("POST", "/predict", SHIPMENT.toBuffer().getBytes(), "X-Deadline-Ms", deadline),
          Failure.MALFORMED_REQUEST);
    }
    var given = new DeliveryOptions().addHeader("X-Deadline-Ms", deadline);
    assertThatThrownBy(
            () -> vertx.eventBus().request(Bus.PREDICT, SHIPMENT, given).await(60, SECONDS))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.MALFORMED_REQUEST));
  }

  @Test
  void aCallerThatGivesUpDoesNotFailOtherRequests() throws Exception {
    holdTheScorer();

    var brief =
        edge.send("POST", "/predict", SHIPMENT.toBuffer().getBytes(), "X-Deadline-Ms", "500");
    var patient = edge.posting("/predict", SHIPMENT);
    var scoring = edge.scoreRequests.get(0).deadline();
    HttpFixture.until(() -> scoring.latest().remainingMillis() > 500); // the patient one has joined
    flight.complete(answer());

    AdmissionTest.isProblem(brief, Failure.DEADLINE_EXCEEDED);
    assertThat(json(patient).getString("source")).isEqualTo("cache");
    assertThat(edge.scoreRequests).hasSize(1);
  }

  @Test
  void asksForItselfWhenTheOneItJoinedWasNotScoredInTime() throws Exception {
    holdTheScorer();
    var first = edge.posting("/predict", SHIPMENT);
    asked.future().await(60, SECONDS);
    var joined = edge.posting("/predict", SHIPMENT);
    joinedBy(1);

    edge.scorer = request -> Future.succeededFuture(answer());
    flight.fail(Deadline.exceeded());

    assertThat(json(first).getString("cp")).isNotNull();
    assertThat(json(joined).getString("cp")).isNotNull();
    assertThat(edge.scoreRequests).hasSize(2);
  }

  @Test
  void refusesABatchThatWillNeverFit() throws Exception {
    edge.prediction =
        new PredictionConfig(1, 0, 2, Duration.ofSeconds(5), OptionalDouble.of(0.01), 0.5);

    var response = edge.post("/predict/batch", batch(SHIPMENT, SHIPMENT, SHIPMENT));

    AdmissionTest.isProblem(response, Failure.TOO_LARGE);
    assertThat(response.body()).contains("prediction.max_in_flight");
  }

  @Test
  void countsWhatItTurnsAway() throws Exception {
    holdTheScorer();
    edge.prediction =
        new PredictionConfig(1, 0, 1, Duration.ofSeconds(5), OptionalDouble.of(0.01), 0.5);
    var first = edge.posting("/predict", SHIPMENT);
    asked.future().await(60, SECONDS);

    var second = edge.post("/predict", "not even JSON".getBytes(StandardCharsets.UTF_8));

    AdmissionTest.isProblem(second, Failure.OVERLOADED);
    assertThat(second.headers().firstValue("retry-after")).isPresent();
    flight.complete(answer());
    assertThat(json(first).getString("cp")).isNotNull();
    edge.recorder = batch -> Future.failedFuture(Failure.OVERLOADED.because("The journal is full"));
    AdmissionTest.isProblem(edge.post("/predict", SHIPMENT), Failure.OVERLOADED);
    assertThat(shed("in_flight")).isOne();
    assertThat(shed("storing")).isOne();
  }

  private double shed(String reason) {
    return edge.registry.get("cp.shed").tag("reason", reason).counter().count();
  }

  @Test
  void refusesShipmentsBeyondItsLimit() throws Exception {
    holdTheScorer();
    edge.prediction =
        new PredictionConfig(1, 0, 2, Duration.ofSeconds(5), OptionalDouble.of(0.01), 0.5);

    var first = edge.posting("/predict", SHIPMENT);
    asked.future().await(60, SECONDS);
    var tooMany =
        edge.post("/predict/batch", batch(SHIPMENT, shipment("S2", "Brigade Road 560001")));
    var second = edge.posting("/predict", SHIPMENT);
    joinedBy(1);

    AdmissionTest.isProblem(tooMany, Failure.OVERLOADED);
    flight.complete(answer());
    assertThat(json(first).getString("cp")).isNotNull();
    assertThat(json(second).getString("cp")).isNotNull();
    assertThat(edge.registry.get("cp.inflight").gauge().value()).isZero();
  }

  @Test
  void isNotReadyWithoutAnOwnerOfThePrefix() throws Exception {
    edge.serve(ServingRelease.of("one", Set.of("400"), Map.of(), Set.of(), Locator.NONE));

    AdmissionTest.isProblem(
        edge.post("/predict", shipment("S1", "Fort 400001")), Failure.NOT_READY);
  }

  @Test
  void hidesTheDetailOfAnUnexpectedFailure() throws Exception {
    edge.scorer = request -> Future.failedFuture(new IllegalStateException("secret"));

    var response = edge.post("/predict", SHIPMENT);

    AdmissionTest.isProblem(response, Failure.INTERNAL);
    assertThat(response.body()).doesNotContain("secret");
  }

  @Test
  void survivesARouteThatThrows() throws Exception {
    edge.answer(Bus.STORED, (String id) -> Future.succeededFuture("no array"));

    AdmissionTest.isProblem(edge.get("/predictions/S1"), Failure.INTERNAL);
  }

  private void holdTheScorer() {
    edge.scorer =
        request -> {
          asked.tryComplete();
          return flight.future();
        };
  }

  private void timeout(long millis) {
    edge.prediction =
        new PredictionConfig(1, 0, 10_000, Duration.ofMillis(millis), OptionalDouble.of(0.01), 0.5);
  }

  /** Waits until the cache was hit {@code times}, that is, until so many joined a flight. */
  private void joinedBy(int times) throws Exception {
    HttpFixture.until(() -> edge.cache.stats().getLong("hits") >= times);
  }

  private static ScoreReply answer() {
    return HttpFixture.reply(
        HttpFixture.scoreRequest(Address.of("MG Road 560017", null)),
        HttpFixture.FINGERPRINTS.get("560"));
  }

  private static JsonObject json(Future<HttpResponse<String>> response) throws Exception {
    return new JsonObject(response.await(60, SECONDS).body());
  }
}
