package com.cpprediction.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.PredictionService;
import com.cpprediction.serving.ScoringWorkers;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A large batch of one prefix on blocked workers, and other requests meanwhile. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class BatchTest {
  private static final int BATCH = PredictionService.MAX_BATCH;
  private static final int CHUNKS = (BATCH + ScoringWorkers.CHUNK - 1) / ScoringWorkers.CHUNK;

  private final Map<ScoreRequest, Promise<ScoreReply>> held = new ConcurrentHashMap<>();
  private HttpFixture edge;

  @BeforeEach
  void holdWhatComesInBulk(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx);
    edge.prediction =
        new PredictionConfig(4, 0, 10_000, Duration.ofSeconds(5), OptionalDouble.of(0.01), 0.5);
    edge.scorer =
        request -> {
          if (request.addresses().size() == 1) return Future.succeededFuture(reply(request));
          var answer = Promise.<ScoreReply>promise();
          held.put(request, answer);
          return answer.future();
        };
    edge.start();
  }

  @Test
  void delaysNoSingleRequest() throws Exception {
    var batch = edge.posting("/predict/batch", batch());
    HttpFixture.until(() -> !held.isEmpty());

    for (int i = 0; i < 100; i++) { // none may wait for a worker of the batch
      assertThat(
              edge.post("/predict", HttpFixture.shipment("S", i + ", Hosur Road 560017"))
                  .statusCode())
          .isEqualTo(200);
    }

    assertThat(batch.isComplete()).isFalse();
    assertThat(held).hasSizeBetween(1, 3).hasSizeLessThan(CHUNKS);
    assertThat(held.keySet())
        .allSatisfy(chunk -> assertThat(chunk.addresses()).hasSize(ScoringWorkers.CHUNK));
    answerWhatIsHeld(batch);
    assertThat(summary(batch).getInteger("predicted")).isEqualTo(BATCH);
  }

  @Test
  void failsOnlyTheItemsOfAChunkThatFails() throws Exception {
    var batch = edge.posting("/predict/batch", batch());
    HttpFixture.until(() -> !held.isEmpty());

    held.values().iterator().next().fail(Failure.OVERLOADED.because("this chunk alone"));
    answerWhatIsHeld(batch);

    assertThat(summary(batch).getInteger("failed")).isEqualTo(ScoringWorkers.CHUNK);
    assertThat(summary(batch).getInteger("predicted")).isEqualTo(BATCH - ScoringWorkers.CHUNK);
    assertThat(edge.recorded()).hasSize(BATCH - ScoringWorkers.CHUNK);
  }

  @Test
  void stopsSendingChunksOfAnAbandonedBatch() throws Exception {
    var answer =
        edge.send(
            "POST",
            "/predict/batch",
            batch().toBuffer().getBytes(),
            "Content-Type",
            "application/json",
            "X-Deadline-Ms",
            "500");
    int sent = edge.scoreRequests.size();

    held.forEach((request, promise) -> promise.tryComplete(reply(request)));
    var next = edge.posting("/predict/batch", batch()); // in its place
    HttpFixture.until(() -> edge.scoreRequests.size() > sent);

    assertThat(new JsonObject(answer.body()).getJsonObject("summary").getInteger("failed"))
        .isEqualTo(BATCH);
    answerWhatIsHeld(next);
    assertThat(summary(next).getInteger("predicted")).isEqualTo(BATCH);
    assertThat(edge.scoreRequests).hasSizeLessThanOrEqualTo(sent + CHUNKS);
  }

  private void answerWhatIsHeld(Future<HttpResponse<String>> batch) throws Exception {
    HttpFixture.until(
        () -> {
          held.forEach((request, promise) -> promise.tryComplete(reply(request)));
          return batch.isComplete();
        });
  }

  private static JsonObject summary(Future<HttpResponse<String>> batch) {
    return new JsonObject(batch.result().body()).getJsonObject("summary");
  }

  private static ScoreReply reply(ScoreRequest request) {
    return HttpFixture.reply(request, HttpFixture.FINGERPRINTS.get("560"));
  }

  private static JsonObject batch() {
    var shipments =
        IntStream.range(0, BATCH)
            .mapToObj(i -> HttpFixture.shipment("S" + i, i + ", MG Road 560017"))
            .toList();
    return new JsonObject().put("shipments", new JsonArray(shipments));
  }
}
