package com.cpprediction.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.ScoreReply;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.serving.PredictionService;
import com.cpprediction.testing.Collisions;
import com.cpprediction.testing.TestScores;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Caller-chosen strings that all have the same {@code hashCode}. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class CollidingNamesTest {
  private static final int BATCH = PredictionService.MAX_BATCH;

  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx);
    edge.scorer =
        request ->
            Future.succeededFuture(
                new ScoreReply(
                    request.addresses().stream().map(CollidingNamesTest::scored).toList(),
                    List.of(),
                    System.nanoTime(),
                    0));
    edge.start();
  }

  @Test
  void servesEachAddressItsOwnPredictionAndCachesIt() throws Exception {
    var words = Collisions.words(3 * BATCH);

    for (var source : List.of("model", "cache")) {
      for (int from = 0; from < words.size(); from += BATCH) {
        int first = from;
        var results =
            results(
                post((i, shipment) -> shipment.put("address", words.get(first + i) + " 560017")));
        assertThat(results).extracting("source").containsOnly(source);
        assertThat(results)
            .extracting("cp")
            .isEqualTo(
                words.subList(from, from + BATCH).stream()
                    .map(w -> "CP " + w + " 560017")
                    .toList());
      }
    }
    assertThat(edge.cache.stats().getInteger("size")).isEqualTo(3 * BATCH);
  }

  @Test
  void keepsShipmentIdsAndPredictionIdsApart() throws Exception {
    var shipmentIds = Collisions.words(BATCH);
    var ids = Collisions.ids(System.currentTimeMillis(), BATCH);

    var results =
        results(
            post(
                (i, shipment) ->
                    shipment
                        .put("shipment_id", shipmentIds.get(i))
                        .put("prediction_id", ids.get(i).toString())));

    assertThat(ids.stream().mapToInt(Object::hashCode).distinct()).hasSize(1);
    assertThat(results).extracting("shipment_id").isEqualTo(shipmentIds);
    assertThat(results)
        .extracting("prediction_id")
        .isEqualTo(ids.stream().map(Object::toString).toList());
    assertThat(edge.recorded()).hasSize(BATCH);
  }

  @Test
  void refusesAnObjectOfCollidingFieldNames() throws Exception {
    var body = HttpFixture.shipment("S1", "MG Road 560017");
    Collisions.words(1_000).forEach(name -> body.put(name, 1));

    assertThat(edge.post("/predict", body).statusCode()).isEqualTo(400);
  }

  private HttpResponse<String> post(BiFunction<Integer, JsonObject, JsonObject> shipment)
      throws Exception {
    var shipments =
        IntStream.range(0, BATCH)
            .mapToObj(i -> shipment.apply(i, HttpFixture.shipment("S" + i, "MG Road 560017")))
            .toList();
    return edge.post("/predict/batch", new JsonObject().put("shipments", new JsonArray(shipments)));
  }

  private static List<Map<String, Object>> results(HttpResponse<String> response) {
    return new JsonObject(response.body())
        .getJsonArray("results").stream().map(item -> ((JsonObject) item).getMap()).toList();
  }

  private static PrefixScores scored(Address address) {
    return TestScores.of(
        HttpFixture.FINGERPRINTS.get("560"),
        address,
        List.of(new Candidate("CP " + address.text(), 1)));
  }
}
