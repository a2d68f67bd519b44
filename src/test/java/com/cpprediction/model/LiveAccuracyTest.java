package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.training.SmallRelease;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveAccuracyTest {
  private static final String OLD = "0".repeat(64);

  @TempDir private Path dir;
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private ModelStore models;

  @BeforeEach
  void load() throws IOException {
    SmallRelease.copyTo(dir);
    models =
        new ModelStore(
            dir,
            Engine.MAPPED,
            false,
            false,
            new ServiceMetrics(registry, "test"),
            Clock.systemUTC(),
            PrefixAssignment.ALL);
    models.reload();
  }

  @AfterEach
  void close() {
    models.close();
  }

  @Test
  void aStatusSaysHowRightTheModelIsThatAnswersAndThoseBeforeIt() {
    models
        .status()
        .counted(
            counted(
                model("575", fingerprint("575"), 8, 6, 7),
                model("575", OLD, 4, 1, 2),
                model("999", OLD, 4, 1, 3)));

    assertThat(live("575"))
        .isEqualTo(
            tally(8, 6, 7, 0.75, 0.875)
                .put(
                    "others",
                    new JsonArray()
                        .add(
                            new JsonObject()
                                .put("model", "575@00000000")
                                .put("fingerprint", OLD)
                                .mergeIn(tally(4, 1, 2, 0.25, 0.5)))));
    assertThat(live("180"))
        .as("without an outcome")
        .isEqualTo(tally(0, 0, 0, null, null).put("others", new JsonArray()));
    assertThat(models.status().toJson().getJsonObject("live"))
        .isEqualTo(
            tally(16, 8, 12, 0.5, 0.75)
                .put("window_days", 30)
                .put("since", "2031-05-01")
                .put("counted_at", "2031-05-30T10:00:00Z")
                .put("unknown", 5L));
  }

  @Test
  void nothingIsSaidBeforeAnythingWasCounted() {
    assertThat(models.status().toJson().getValue("live")).isNull();
    assertThat(live("575")).isNull();
  }

  @Test
  void metersAreOfTheModelThatAnswersNow() throws IOException {
    models.status().counted(counted(model("575", fingerprint("575"), 8, 6, 7)));
    assertThat(gauge("cp.model.outcomes", "575")).isEqualTo(8);
    assertThat(gauge("cp.model.outcomes.right", "575")).isEqualTo(6);
    assertThat(gauge("cp.model.outcomes", "180")).isZero();

    Releases.change(dir, "575");
    models.reload();

    assertThat(gauge("cp.model.outcomes", "575")).isZero();
    models.status().counted(counted(model("575", fingerprint("575"), 2, 1, 1)));
    assertThat(gauge("cp.model.outcomes", "575")).isEqualTo(2);
  }

  @Test
  void thereIsAMeterForEachModelAndForNoOther() throws IOException {
    models.status().counted(counted(model("999", OLD, 4, 1, 3)));
    assertThat(metered()).containsExactly("180", "575", "831");

    models.drop(models.current().release(), Set.of("575"));
    assertThat(metered()).containsExactly("180", "831");
    models.claim(Set.of("575"));
    assertThat(metered()).containsExactly("180", "575", "831");
    Releases.addCopy(dir, "180", "1800");
    models.reload();
    assertThat(metered()).containsExactly("180", "1800", "575", "831");
    models.close();

    assertThat(metered()).isEmpty();
  }

  private Set<String> metered() {
    var prefixes = new TreeSet<String>();
    for (var name : new String[] {"cp.model.outcomes", "cp.model.outcomes.right"}) {
      var found = registry.find(name).gauges();
      found.forEach(gauge -> prefixes.add(gauge.getId().getTag("prefix")));
      assertThat(found).as(name).hasSize(prefixes.size());
    }
    return prefixes;
  }

  private double gauge(String name, String prefix) {
    return registry.get(name).tag("prefix", prefix).gauge().value();
  }

  private String fingerprint(String prefix) {
    return models.scoring(prefix).fingerprint();
  }

  private JsonObject live(String prefix) {
    return models.status().toJson().getJsonArray("models").stream()
        .map(JsonObject.class::cast)
        .filter(model -> model.getString("prefix").equals(prefix))
        .findFirst()
        .orElseThrow()
        .getJsonObject("live");
  }

  private static JsonObject counted(JsonObject... counted) {
    var models = new JsonArray();
    for (var model : counted) models.add(model);
    return new JsonObject()
        .put("window_days", 30)
        .put("since", "2031-05-01")
        .put("counted_at", "2031-05-30T10:00:00Z")
        .put("unknown", 5L)
        .put("models", models);
  }

  private static JsonObject model(
      String prefix, String fingerprint, long outcomes, long right, long top3) {
    return new JsonObject()
        .put("prefix", prefix)
        .put("fingerprint", fingerprint)
        .put("outcomes", outcomes)
        .put("right", right)
        .put("top3", top3);
  }

  private static JsonObject tally(
      long outcomes, long right, long top3, Double accuracy, Double accuracyTop3) {
    return new JsonObject()
        .put("outcomes", outcomes)
        .put("right", right)
        .put("top3", top3)
        .put("accuracy", accuracy)
        .put("accuracy_top3", accuracyTop3);
  }
}
