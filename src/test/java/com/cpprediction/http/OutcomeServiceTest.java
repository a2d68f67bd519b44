package com.cpprediction.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.cpprediction.bus.Bus;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(VertxExtension.class)
class OutcomeServiceTest {
  private final List<JsonArray> told = new CopyOnWriteArrayList<>();
  private Function<JsonArray, Future<JsonArray>> judge = OutcomeServiceTest::judged;
  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx);
    edge.answer(
        Bus.JUDGE,
        (JsonArray outcomes) -> {
          told.add(outcomes);
          return judge.apply(outcomes);
        });
    edge.start();
  }

  /** Judges every outcome as right, except those without a prediction. */
  private static Future<JsonArray> judged(JsonArray outcomes) {
    var results = new JsonArray();
    for (var item : outcomes) {
      var result = ((JsonObject) item).copy();
      boolean known = !result.getString("shipment_id").startsWith("nobody");
      results.add(result.put("result", known ? "right" : "unknown"));
    }
    return Future.succeededFuture(results);
  }

  @Test
  void respondsInOrderWithABadItemFailingAlone() throws Exception {
    var answer =
        edge.post(
            "/outcomes",
            outcomes(outcome("S1", "CP1"), outcome("S2", " "), 7, outcome("nobody", "CP2")));

    assertThat(answer.statusCode()).isEqualTo(200);
    var body = new JsonObject(answer.body());
    var results = body.getJsonArray("results");
    assertThat(results.getJsonObject(0)).isEqualTo(outcome("S1", "CP1").put("result", "right"));
    assertThat(results.getJsonObject(1).getString("shipment_id")).isEqualTo("S2");
    assertThat(results.getJsonObject(1).getJsonObject("error").getString("code"))
        .isEqualTo("malformed-request");
    assertThat(results.getJsonObject(2).getValue("shipment_id")).isNull();
    assertThat(results.getJsonObject(2).getJsonObject("error").getString("detail"))
        .isEqualTo("An outcome must be a JSON object");
    assertThat(results.getJsonObject(3))
        .isEqualTo(outcome("nobody", "CP2").put("result", "unknown"));
    assertThat(body.getJsonObject("summary"))
        .isEqualTo(
            new JsonObject()
                .put("count", 4)
                .put("right", 1)
                .put("alternative", 0)
                .put("wrong", 0)
                .put("unknown", 1)
                .put("failed", 2));
    assertThat(told)
        .containsExactly(new JsonArray().add(outcome("S1", "CP1")).add(outcome("nobody", "CP2")));
  }

  @Test
  void servesTheSameOverTheEventBus() throws Exception {
    var body = outcomes(outcome("S1", "CP1"), outcome("", "CP1"));

    assertThat(edge.ask(Bus.OUTCOMES, body).body())
        .isEqualTo(new JsonObject(edge.post("/outcomes", body).body()));
  }

  @Test
  void sendsNothingToTheStoreWhenEveryItemIsBad() throws Exception {
    var answer = edge.post("/outcomes", outcomes(outcome("S1", null)));

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(new JsonObject(answer.body()).getJsonObject("summary").getInteger("failed"))
        .isEqualTo(1);
    assertThat(told).isEmpty();
  }

  /** Expected word in the detail, and the item. */
  static Stream<Arguments> badItems() {
    return Stream.of(
        arguments("shipment_id is missing", new JsonObject().put("cp", "CP1")),
        arguments("shipment_id is longer", outcome("x".repeat(65), "CP1")),
        arguments("shipment_id contains U+0000", outcome("a\0", "CP1")),
        arguments("cp is missing", outcome("S1", null)),
        arguments("cp is empty", outcome("S1", "\t")),
        arguments("cp is longer", outcome("S1", "x".repeat(65))),
        arguments("cp contains U+0000", outcome("S1", "CP\0")),
        arguments("cp contains half", outcome("S1", "CP\ud800")),
        arguments("cp contains a line break", outcome("S1", "CP1\nCP2")),
        arguments("cp must be a string", outcome("S1", null).put("cp", 14_328)),
        arguments("\"predicted\"", outcome("S1", "CP1").put("predicted", "CP2")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badItems")
  void saysWhatIsWrongWithAnItem(String named, JsonObject item) throws Exception {
    var answer = edge.post("/outcomes", outcomes(item, outcome("S2", "x".repeat(64))));

    var results = new JsonObject(answer.body()).getJsonArray("results");
    assertThat(results.getJsonObject(0).getJsonObject("error").getString("detail")).contains(named);
    assertThat(results.getJsonObject(1).getString("result")).isEqualTo("right");
  }

  static Stream<Arguments> badRequests() {
    return Stream.of(
        arguments("outcomes must be an array", new JsonObject()),
        arguments("outcomes must be an array", new JsonObject().put("outcomes", "S1")),
        arguments("outcomes has 0 items", outcomes()),
        arguments("outcomes has 1001 items", many(1_001)),
        arguments("\"limit\"", outcomes(outcome("S1", "CP1")).put("limit", 1)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badRequests")
  void refusesAMalformedRequestOverHttpAndTheBus(String named, JsonObject body) throws Exception {
    var answer = edge.post("/outcomes", body);
    var overBus = catchThrowableOfType(ReplyException.class, () -> edge.ask(Bus.OUTCOMES, body));

    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(new JsonObject(answer.body()).getString("detail"))
        .contains(named)
        .isEqualTo(overBus.getMessage());
    assertThat(Failure.of(overBus)).isEqualTo(Failure.MALFORMED_REQUEST);
    assertThat(told).isEmpty();
    assertThat(edge.get("/metrics").body())
        .as("no shipment went without its prediction")
        .contains("cp_predictions_total{outcome=\"malformed-request\",source=\"none\"} 0.0");
  }

  @Test
  void takesAsManyAsABatchHas() throws Exception {
    var answer = edge.post("/outcomes", many(1_000));

    assertThat(new JsonObject(answer.body()).getJsonObject("summary").getInteger("right"))
        .isEqualTo(1_000);
  }

  @Test
  void saysThatItIsNotReadyWhileTheDatabaseIsAway() throws Exception {
    judge = outcomes -> Future.failedFuture(Failure.NOT_READY.because("The database is away"));

    var answer = edge.post("/outcomes", outcomes(outcome("S1", "CP1")));

    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().firstValue("Retry-After")).isPresent();
    assertThat(new JsonObject(answer.body()).getString("code")).isEqualTo("not-ready");
  }

  @Test
  void waitsNoLongerThanItsCaller() throws Exception {
    judge = outcomes -> Promise.<JsonArray>promise().future();

    var answer =
        edge.send(
            "POST",
            "/outcomes",
            outcomes(outcome("S1", "CP1")).toBuffer().getBytes(),
            "X-Deadline-Ms",
            "500");

    assertThat(answer.statusCode()).isEqualTo(504);
    assertThat(new JsonObject(answer.body()).getString("detail")).contains("Send them again");
  }

  private static JsonObject outcomes(Object... items) {
    return new JsonObject().put("outcomes", new JsonArray(List.of(items)));
  }

  private static JsonObject many(int count) {
    var items = Stream.generate(() -> outcome("S1", "CP1")).limit(count).toArray();
    return outcomes(items);
  }

  private static JsonObject outcome(String shipmentId, String cp) {
    return new JsonObject().put("shipment_id", shipmentId).put("cp", cp);
  }
}
