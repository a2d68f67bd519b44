package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.Releases;
import com.cpprediction.model.format.Release;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Releases of another accuracy, put in the place of the one that a service serves. */
class AccuracyIT {
  @TempDir private static Path dir;

  @RegisterExtension
  private final TestService service =
      new TestService(
          home -> {
            SmallRelease.copyTo(dir.resolve("models"));
            return settings(0.02);
          });

  private final Http http = service.http();

  private static JsonObject settings(double maxDrop) {
    return new JsonObject()
        .put(
            "models",
            new JsonObject()
                .put("dir", dir.resolve("models").toString())
                .put("poll_ms", 0)
                .put("max_accuracy_drop", maxDrop));
  }

  private void limit(double maxDrop) throws Exception {
    service.configure(settings(maxDrop));
    Await.until(
        () -> http.get("/config").json(),
        view ->
            view.getJsonObject("values")
                .getJsonObject("models.max_accuracy_drop")
                .getValue("value")
                .equals(maxDrop));
  }

  private JsonObject reload() throws Exception {
    return http.post("/models/reload", new JsonObject()).json();
  }

  /** Scores of a release whose accuracy is lower than that of {@code scores} by a point. */
  private static JsonObject aPointLess(JsonObject scores) {
    var lower = scores.copy();
    for (var question : lower.fieldNames()) {
      var score = lower.getJsonObject(question);
      score.put("accuracy", score.getDouble("accuracy") - 0.01);
    }
    return lower;
  }

  @Test
  void aReleaseOfShuffledLabelsIsRefusedUntilAnOperatorAllowsIt() throws Exception {
    var models = dir.resolve("models");
    var before = http.get("/models/status").json();
    var honest = Release.open(models).scores();
    Releases.score(models, aPointLess(honest));
    assertThat(reload().getJsonObject("failed")).isEmpty();
    assertThat(http.get("/models/status").json().getJsonObject("scores"))
        .isEqualTo(aPointLess(honest));

    SmallRelease.replace(models, SmallRelease.shuffled());
    var shuffled = Release.open(models).scores();
    assertThat(accuracy(shuffled, "full")).isLessThan(accuracy(honest, "full") - 0.3);
    var refused = reload();

    assertThat(refused.getLong("loaded")).isZero();
    assertThat(refused.getJsonObject("failed").getString("release"))
        .startsWith(
            "the release is less accurate on held-back addresses than the one served: full ")
        .contains(percent(shuffled, "full"), ", prefix_only " + percent(shuffled, "prefix_only"))
        .endsWith("more than models.max_accuracy_drop, 2 points");
    var status = http.get("/models/status").json();
    assertThat(status.getString("release")).isEqualTo(before.getString("release"));
    assertThat(status.getJsonObject("last_reload")).isEqualTo(refused);
    assertThat(http.get("/metrics").body())
        .contains("cp_model_reload_failures_total{reason=\"accuracy\"} 1.0");
    assertThat(service.degraded())
        .anyMatch(reason -> reason.contains("is refused for its accuracy"));
    assertThat(http.get("/health/ready").status()).isEqualTo(200);
    var row = SmallRelease.rows().get(9);
    assertThat(http.post("/predict", Http.shipment("served", row.typed())).json().getString("cp"))
        .isNotNull();

    limit(1.0);
    assertThat(reload().getLong("loaded")).isEqualTo(3);
    limit(0.02);
    assertThat(reload().getLong("unchanged")).isEqualTo(3);
    assertThat(service.degraded()).isEmpty();
    assertThat(http.get("/models/status").json().getString("release"))
        .isEqualTo(Release.open(models).id());
  }

  private static double accuracy(JsonObject scores, String question) {
    return scores.getJsonObject(question).getDouble("accuracy");
  }

  private static String percent(JsonObject scores, String question) {
    return String.format(Locale.ROOT, "%.2f %%", 100 * accuracy(scores, question));
  }
}
