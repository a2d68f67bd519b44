package com.cpprediction.http;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.metrics.FailureLog;
import com.cpprediction.metrics.FailureLog.Kind;
import com.cpprediction.prediction.Failure;
import com.cpprediction.testing.Http;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code GET /failures}: every way of a request to fail is in it once. */
@ExtendWith(VertxExtension.class)
class FailureLogTest {
  private HttpFixture edge;
  private Http http;

  @BeforeEach
  void start(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx);
    edge.start();
    http = new Http(() -> edge.address().getPort());
  }

  @AfterEach
  void stop() throws Exception {
    edge.stop().await(60, SECONDS);
  }

  @Test
  void listsEachFailureOnceWithItsRequestAndShipment() {
    http.post("/predict", Http.shipment("S1", "MG Road 560017")); // predicted
    http.post("/predict", Http.shipment("S2", "nowhere").put("pincode", "999999"));
    http.post("/predict?explain=true", Http.shipment("S3", ""));
    var shipments =
        new JsonArray()
            .add(Http.shipment("S4", "MG Road 560017"))
            .add(Http.shipment("S5", "nowhere").put("pincode", "999999"));
    http.post("/predict/batch", new JsonObject().put("shipments", shipments));
    http.post("/predict", new JsonObject().put("unknown", 1));
    var lost = http.get("/nowhere");

    var failures = http.get("/failures?kind=caller").json();

    var newest = failures.getJsonArray("newest").stream().map(JsonObject.class::cast).toList();
    assertThat(newest)
        .extracting(
            entry ->
                String.join(
                    " ",
                    entry.getString("route"),
                    entry.getString("code"),
                    String.valueOf(entry.getString("shipment_id"))))
        .containsExactlyInAnyOrder(
            "other not-found null",
            "/predict malformed-request null",
            "/predict/batch unknown-prefix S5",
            "/predict malformed-request S3",
            "/predict unknown-prefix S2");
    assertThat(newest)
        .extracting(entry -> entry.getString("request_id"))
        .contains(lost.json().getString("request_id"));
    assertThat(failures.getJsonObject("counts").getMap())
        .isEqualTo(
            new JsonObject("{\"malformed-request\":2,\"unknown-prefix\":2,\"not-found\":1}")
                .getMap());
    assertThat(failures.encode()).doesNotContain("nowhere");
    assertThat(http.get("/failures?kind=service").json().getJsonArray("newest")).isEmpty();
    assertThat(http.get("/failures").status()).isEqualTo(400);
  }

  @Test
  void keepsTheNewestOfEachKindApart() {
    var log = edge.metrics.failures();
    for (int i = 0; i < FailureLog.KEPT + 5; i++) {
      log.add(Failure.MALFORMED_REQUEST, 400, "r" + i, "/predict", "shop", null);
    }
    log.add(Failure.INTERNAL, 500, "broken", "/predict", "shop", null);

    assertThat(log.newest(Kind.CALLER))
        .hasSize(FailureLog.KEPT)
        .extracting(FailureLog.Entry::requestId)
        .contains("r" + (FailureLog.KEPT + 4))
        .doesNotContain("r4");
    assertThat(log.newest(Kind.SERVICE))
        .extracting(FailureLog.Entry::requestId)
        .isEqualTo(List.of("broken"));
  }
}
