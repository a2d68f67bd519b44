package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Scrape;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A service whose cache fills itself. */
class CacheRefillIT {
  private static final int KNOWN = 300;

  @TempDir private static Path directory;
  private static List<JsonObject> requests;

  @RegisterExtension
  final TestService service =
      new TestService(
              home ->
                  new JsonObject()
                      .put("cache", new JsonObject().put("warm_popular", 5_000))
                      .put(
                          "models",
                          new JsonObject()
                              .put("dir", SmallRelease.copyTo(home.resolve("live")).toString())
                              .put("poll_ms", 0)))
          .stopped();

  private final Http http = service.http();

  @BeforeAll
  static void readRequests() {
    var texts = new HashSet<String>();
    requests =
        SmallRelease.rows().stream()
            .filter(row -> texts.add(row.text()))
            .limit(KNOWN)
            .map(row -> Http.shipment("refill", row.typed()).put("pincode", row.pincode()))
            .toList();
    assertThat(requests).hasSize(KNOWN);
  }

  @Test
  void hasTheAddressesOfEarlierRequestsCachedAfterAStart() throws Exception {
    service.restart();
    predictAll("model");
    service.stop();

    service.restart();
    awaitRefill(KNOWN);

    var scrape = Scrape.of(http.get("/metrics").body());
    assertThat(scrape.sum("cp_cache_warmed_total", labels -> true)).isEqualTo(KNOWN);
    for (var counter : List.of("cp_predictions_total", "cp_records_total", "cache_gets_total")) {
      assertThat(scrape.sum(counter, labels -> true)).as(counter).isZero();
    }
    assertThat(TestDatabase.query(service.databaseUri(), "SELECT count(*) FROM predictions"))
        .containsExactly(Integer.toString(KNOWN));
    predictAll("cache");
  }

  @Test
  void hasTheAddressesOfReplacedModelsCachedAfterASwap() throws Exception {
    service.restart();
    var before = predictAll("model");
    var live = service.config().getParent().resolveSibling("live");

    SmallRelease.replace(live, SmallRelease.copyAnotherTo(directory.resolve("another")));
    assertThat(http.post("/models/reload", new JsonObject()).status()).isEqualTo(200);
    awaitRefill(KNOWN);

    var after = predictAll("cache");
    assertThat(after).doesNotContainAnyElementsOf(before);
    assertThat(cache().getLong("misses")).as("of the first requests").isEqualTo(KNOWN);
  }

  private JsonObject cache() {
    return http.get("/cache/stats").json();
  }

  private void awaitRefill(int addresses) {
    Await.until(
        this::cache,
        stats -> stats.getInteger("warmed") == addresses && stats.getInteger("to_warm").equals(0));
  }

  /** Predicts all addresses, each from {@code source}; returns the models that did. */
  private List<String> predictAll(String source) {
    var answers = http.postAll("/predict", requests).stream().map(Http.Answer::json).toList();
    assertThat(answers).extracting(answer -> answer.getString("source")).containsOnly(source);
    return answers.stream().map(answer -> answer.getString("model")).distinct().toList();
  }
}
