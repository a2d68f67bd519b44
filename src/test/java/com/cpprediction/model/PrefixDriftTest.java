package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.model.format.Grams;
import com.cpprediction.model.format.NationalStage;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class PrefixDriftTest {
  private static final String PREFIX = "575";

  private final Grams grams = new Grams();

  @Test
  void theTrainingRowsThemselvesHaveNotDrifted() {
    try (var models = SmallRelease.models(SmallRelease.directory())) {
      var index = models.current().models().get(PREFIX).model().index();
      var drift = new PrefixDrift("f", index);

      for (int i = 0; i < 10; i++) {
        for (var row : SmallRelease.rows(PREFIX))
          drift.add(index, national(models), grams, row.typed(), row.cp(), 0.75);
      }
      drift.settle();

      assertThat(drift.figures().cpShift()).isZero();
      assertThat(drift.figures().unknownWords()).isLessThan(0.15);
    }
  }

  @Test
  void unknownWordsAndOneBusyCpShow() {
    try (var models = SmallRelease.models(SmallRelease.directory())) {
      var index = models.current().models().get(PREFIX).model().index();
      var drift = new PrefixDrift("f", index);
      var cp = index.cpCode(0);

      for (int i = 0; i < 1_000; i++)
        drift.add(index, national(models), grams, "Qzxv Wqkj Zzyx", cp, 0.5);
      drift.add(index, national(models), grams, "Qzxv", "of another release", 0.9);
      drift.settle();

      assertThat(drift.predictions()).isEqualTo(1_000);
      assertThat(drift.figures().unknownWords()).isEqualTo(1);
      assertThat(drift.figures().confidence()).isCloseTo(0.5, within(1e-9));
      assertThat(drift.figures().cpShift()).isGreaterThan(1);
      drift.age(0.25);
      assertThat(drift.predictions()).isCloseTo(250, within(1e-9));
    }
  }

  @Test
  void fewPredictionsTellNothing() {
    try (var models = SmallRelease.models(SmallRelease.directory())) {
      var index = models.current().models().get(PREFIX).model().index();
      var drift = new PrefixDrift("f", index);

      drift.add(index, national(models), grams, "Hampankatta", index.cpCode(0), 0.9);
      drift.settle();

      assertThat(drift.figures().cpShift()).isNaN();
      assertThat(drift.figures().unknownWords()).isNaN();
      assertThat(drift.figures().confidence()).isNaN();
    }
  }

  @Test
  void closedAndNewCpsAreThoseOfEnoughOutcomes() {
    try (var models = SmallRelease.models(SmallRelease.directory())) {
      var drift = new Drift(models, Clock.systemUTC());
      var index = models.current().models().get(PREFIX).model().index();
      int busiest = 0;
      for (int cp = 1; cp < index.cps(); cp++) {
        if (index.cpAddresses(cp) > index.cpAddresses(busiest)) busiest = cp;
      }
      var cps = new JsonArray();
      for (int cp = 0; cp < index.cps(); cp++) {
        if (cp != busiest) cps.add(outcomes(index.cpCode(cp), 100));
      }
      cps.add(outcomes("NEW", 3)).add(outcomes("SLIP", 2));

      drift.delivered(delivered("2026-11-20T00:00:00Z", cps));
      var json = drift.toJson(models.status());
      drift.delivered(delivered("2026-11-28T12:00:00Z", cps));

      assertThat(json.getJsonObject("new_cps").getJsonArray("first"))
          .isEqualTo(new JsonArray().add(outcomes("NEW", 3)));
      var closed = json.getJsonObject("closed_cps").getJsonArray("first").getJsonObject(0);
      assertThat(closed.getString("cp")).isEqualTo(index.cpCode(busiest));
      assertThat(drift.closedCps()).isZero(); // the outcomes cover half a day
      assertThat(drift.toJson(models.status()).getValue("closed_cps")).isNull();
    }
  }

  private static NationalStage national(ModelStore models) {
    return Objects.requireNonNull(models.current().content().national().stage());
  }

  private static JsonObject outcomes(String cp, long count) {
    return new JsonObject().put("cp", cp).put("prefix", PREFIX).put("outcomes", count);
  }

  private static JsonObject delivered(String since, JsonArray cps) {
    return new JsonObject()
        .put("since", since)
        .put("until", "2026-11-29T00:00:00Z")
        .put("cps", cps);
  }
}
