package com.cpprediction.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.bus.Bus;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class PredictionClientTest {
  private static final Shipment SHIPMENT = new Shipment("S1", "MG Road", "560001");

  private final List<JsonObject> asked = new CopyOnWriteArrayList<>();
  private final List<String> deadlines = new CopyOnWriteArrayList<>();

  /** A node with a scripted reaction to its nth message, from 0. */
  private void node(
      Vertx vertx, String address, BiConsumer<Integer, Message<JsonObject>> reaction) {
    vertx
        .eventBus()
        .<JsonObject>consumer(
            address,
            message -> {
              if (message.body() != null) asked.add(message.body());
              deadlines.add(message.headers().get("X-Deadline-Ms"));
              reaction.accept(deadlines.size() - 1, message);
            });
  }

  private static JsonObject prediction(JsonObject shipment) {
    return new JsonObject()
        .put("prediction_id", shipment.getString("prediction_id"))
        .put("shipment_id", shipment.getString("shipment_id"))
        .put("cp", "CP1")
        .put("confidence", 0.9)
        .put(
            "alternatives",
            new JsonArray().add(new JsonObject().put("cp", "CP2").put("confidence", 0.1)))
        .put("pincode", "560001")
        .put("prefix", "560")
        .put("prefix_source", "pincode")
        .put("model", "560@12345678")
        .put("source", "model");
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.await(60, TimeUnit.SECONDS);
  }

  @Test
  void readsAnAnswer(Vertx vertx) throws Exception {
    node(vertx, Bus.PREDICT, (n, message) -> message.reply(prediction(message.body())));

    var answer = await(PredictionClient.of(vertx).predict(SHIPMENT));

    assertThat(answer.cp()).isEqualTo("CP1");
    assertThat(answer.confidence()).isEqualTo(0.9);
    assertThat(answer.candidates())
        .containsExactly(new Candidate("CP1", 0.9), new Candidate("CP2", 0.1));
    assertThat(answer.id().version()).isEqualTo(7);
    assertThat(answer.model()).isEqualTo("560@12345678");
    assertThat(asked.get(0).getString("pincode")).isEqualTo("560001");
    assertThat(asked.get(0).getString("prediction_id")).isEqualTo(answer.id().toString());
  }

  @Test
  void retriesOnceWithTheSameIdAfterATimeout(Vertx vertx) throws Exception {
    node(
        vertx,
        Bus.PREDICT,
        (n, message) -> {
          if (n > 0) message.reply(prediction(message.body()));
        });
    var client = PredictionClient.of(vertx).within(Duration.ofSeconds(2));

    var answer = await(client.predict(SHIPMENT));

    assertThat(asked).hasSize(2);
    assertThat(asked)
        .extracting(shipment -> shipment.getString("prediction_id"))
        .containsOnly(answer.id().toString());
    assertThat(Integer.parseInt(deadlines.get(0))).as("its whole time").isBetween(1_001, 2_000);
  }

  @Test
  void givesUpAfterTheSecondAttempt(Vertx vertx) {
    node(vertx, Bus.PREDICT, (n, message) -> {});
    var client = PredictionClient.of(vertx).within(Duration.ofSeconds(1));

    assertThatThrownBy(() -> await(client.predict(SHIPMENT)))
        .isInstanceOf(ServiceException.class)
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.DEADLINE_EXCEEDED));
    assertThat(asked).hasSize(2);
  }

  @Test
  void reportsAMissingService(Vertx vertx) {
    assertThatThrownBy(() -> await(PredictionClient.of(vertx).predict(SHIPMENT)))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY))
        .hasMessageContaining("cluster");
  }

  @Test
  void failsWithTheHttpCodeWithoutRetrying(Vertx vertx) {
    node(
        vertx,
        Bus.PREDICT,
        (n, message) -> message.fail(Failure.UNKNOWN_PREFIX.code(), "No model serves 999"));

    assertThatThrownBy(() -> await(PredictionClient.of(vertx).predict(SHIPMENT)))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.UNKNOWN_PREFIX))
        .hasMessage("No model serves 999");
    assertThat(asked).hasSize(1);
  }

  @Test
  void predictsABatchInOrderWithItsFailures(Vertx vertx) throws Exception {
    var error =
        new JsonObject()
            .put("code", "pincode-required")
            .put("status", 422)
            .put("detail", "Add it")
            .put("guesses", new JsonArray().add("CP9"));
    node(
        vertx,
        Bus.PREDICT_BATCH,
        (n, message) -> {
          var shipments = message.body().getJsonArray("shipments");
          message.reply(
              new JsonObject()
                  .put(
                      "results",
                      new JsonArray()
                          .add(prediction(shipments.getJsonObject(0)))
                          .add(new JsonObject().put("shipment_id", "S2").put("error", error))));
        });

    var outcomes =
        await(
            PredictionClient.of(vertx)
                .predictBatch(List.of(SHIPMENT, new Shipment("S2", "Somewhere"))));

    assertThat(outcomes.get(0).orThrow().shipmentId()).isEqualTo("S1");
    assertThat(outcomes.get(1).failure().failure()).isEqualTo(Failure.PINCODE_REQUIRED);
    assertThat(outcomes.get(1).failure().members().getJsonArray("guesses")).hasSize(1);
    assertThatThrownBy(() -> outcomes.get(1).orThrow()).hasMessage("Add it");
  }

  @Test
  void readsStatusAndStatistics(Vertx vertx) throws Exception {
    node(vertx, Bus.MODELS_STATUS, (n, m) -> m.reply(new JsonObject().put("loaded", 3)));
    node(vertx, Bus.CACHE_STATS, (n, m) -> m.reply(new JsonObject().put("hits", 4)));
    var client = PredictionClient.of(vertx);

    assertThat(await(client.modelsStatus()).getInteger("loaded")).isEqualTo(3);
    assertThat(await(client.cacheStats()).getInteger("hits")).isEqualTo(4);
  }

  @Test
  void reportsOutcomes(Vertx vertx) throws Exception {
    var error = new JsonObject().put("code", "malformed-request").put("detail", "cp is empty");
    node(
        vertx,
        Bus.OUTCOMES,
        (n, message) -> {
          if (n == 0) return; // like a dead node
          message.reply(
              new JsonObject()
                  .put(
                      "results",
                      new JsonArray()
                          .add(
                              new JsonObject()
                                  .put("result", "alternative")
                                  .put("predicted", "CP1")
                                  .put("model", "560@12345678"))
                          .add(new JsonObject().put("result", "unknown"))
                          .add(new JsonObject().put("shipment_id", "S3").put("error", error))));
        });
    var client = PredictionClient.of(vertx).within(Duration.ofSeconds(2));

    var judgements =
        await(
            client.report(
                List.of(
                    new Outcome("S1", "CP2"), new Outcome("S2", "CP2"), new Outcome("S3", ""))));

    assertThat(judgements.get(0))
        .isEqualTo(new OutcomeResult(Verdict.ALTERNATIVE, "CP1", "560@12345678", null));
    assertThat(judgements.get(1).orThrow()).isEqualTo(Verdict.UNKNOWN);
    assertThatThrownBy(() -> judgements.get(2).orThrow()).hasMessage("cp is empty");
    assertThat(asked).hasSize(2).containsOnly(asked.get(0));
    assertThat(asked.get(0).getJsonArray("outcomes").getJsonObject(0))
        .isEqualTo(new JsonObject().put("shipment_id", "S1").put("cp", "CP2"));
  }

  @Test
  void erasesAShipment(Vertx vertx) throws Exception {
    var erased =
        new JsonObject().put("predictions", 2).put("outcomes", 0).put("journal", "pending");
    node(
        vertx,
        Bus.SHIPMENTS_ERASE,
        (n, message) ->
            message.reply(
                new JsonObject()
                    .put("shipment_id", message.body().getString("shipment_id"))
                    .put("erased", erased)));

    var report = await(PredictionClient.of(vertx).erase("a/b"));

    assertThat(asked).containsExactly(new JsonObject().put("shipment_id", "a/b"));
    assertThat(report).isEqualTo(new Erased(Map.of("predictions", 2L, "outcomes", 0L), false));
  }
}
