package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Edits of the configuration while the service runs. */
class ConfigReloadIT {
  @RegisterExtension private final TestService service = new TestService();
  private final Http http = service.http();

  @Test
  void anotherShareOfWrongPincodesCountsAtOnceAndKeepsTheCache() throws Exception {
    var row = SmallRelease.rows().get(9);
    var request = Http.shipment("share", row.typed()).put("pincode", row.pincode());
    var before = http.post("/predict", request).json();
    assertThat(http.post("/predict", request).json().getString("source")).isEqualTo("cache");

    service.configure(
        new JsonObject().put("prediction", new JsonObject().put("wrong_pincodes", 0.4)));

    double doubt = before.getDouble("pincode_doubt");
    var after =
        Await.until(
            () -> http.post("/predict", request).json(),
            answer -> answer.getDouble("pincode_doubt") > doubt);
    assertThat(after.getString("source")).isEqualTo("cache");
    assertThat(after.getString("model")).isEqualTo(before.getString("model"));
    assertThat(value(http.get("/config").json(), "prediction.wrong_pincodes")).isEqualTo(0.4);
    var share = http.get("/models/status").json().getJsonObject("wrong_pincodes");
    assertThat(share.getDouble("share")).isEqualTo(0.4);
    assertThat(share.getString("source")).isEqualTo("configured");
  }

  @Test
  void aSmallerCacheAndOtherBatchesTakeEffectWithoutARestart() throws Exception {
    for (var row : SmallRelease.rows().subList(0, 50)) {
      http.post("/predict", Http.shipment("size", row.typed()).put("pincode", row.pincode()));
    }

    service.configure(
        new JsonObject()
            .put("cache", new JsonObject().put("max_size", 5))
            .put("persistence", new JsonObject().put("batch_size", 7).put("linger_ms", 0)));

    Await.until( // entries are evicted beside the event loops
        () -> http.get("/cache/stats").json(),
        now -> now.getInteger("max_size").equals(5) && now.getInteger("size") <= 5);
    assertThat(value(http.get("/config").json(), "persistence.batch_size")).isEqualTo(7);
  }

  @Test
  void aBadEditIsRefusedWholeAndSaidSo() throws Exception {
    Files.writeString(
        service.config(), "{\"cache\":{\"ttl_seconds\":60},\"persistence\":{\"batch_size\":0}}");

    var view = awaitConfig(v -> v.getJsonObject("last_reload").getString("error") != null);

    assertThat(view.getJsonObject("last_reload").getString("error"))
        .contains("persistence.batch_size is 0");
    assertThat(value(view, "cache.ttl_seconds")).isEqualTo(3600);
    assertThat(http.get("/health/ready").status()).isEqualTo(200);
    assertThat(http.get("/metrics").body()).contains("cp_config_reload_failures_total 1.0");
  }

  private static Object value(JsonObject view, String key) {
    return view.getJsonObject("values").getJsonObject(key).getValue("value");
  }

  /** Asks until the service has seen the edit; it looks once a second. */
  private JsonObject awaitConfig(Predicate<JsonObject> seen) {
    return Await.until(() -> http.get("/config").json(), seen);
  }
}
