package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HeldBackAccuracyTest {
  static JsonObject scores(String question, long rows, Object accuracy) {
    return new JsonObject()
        .put(question, new JsonObject().put("rows", rows).put("accuracy", accuracy));
  }

  @ParameterizedTest(name = "{0} after {1} with {2}: worse {3}")
  @CsvSource({
    "0.95, 0.93, 0.02, false",
    "0.95, 0.92999, 0.02, true",
    "0.95, 0.96, 0.02, false",
    "0.95, 0.95, 0, false",
    "0.95, 0.94999, 0, true",
    "1, 0, 0.999, true",
    "1, 0, 1, false",
  })
  void aReleaseIsWorseWhenItDropsByMoreThanAllowed(
      double before, double after, double allowed, boolean worse) {
    for (var question : HeldBackAccuracy.QUESTIONS) {
      var found =
          HeldBackAccuracy.worse(scores(question, 9, before), scores(question, 9, after), allowed);
      assertThat(found.isPresent()).isEqualTo(worse);
    }
  }

  @Test
  void theFiguresOfEachQuestionThatDropsAreNamed() {
    var served = scores("full", 1000, 0.98399).mergeIn(scores("prefix_only", 1000, 0.78));
    var offered = scores("full", 900, 0.41).mergeIn(scores("prefix_only", 900, 0.7699));

    assertThat(HeldBackAccuracy.worse(served, offered, 0.02))
        .hasValue(
            "is less accurate on held-back addresses than the one served: full 41.00 % of 900"
                + " rows, was 98.40 % of 1000; more than models.max_accuracy_drop, 2 points");
    assertThat(HeldBackAccuracy.worse(served, offered, 0.005).orElseThrow())
        .contains("full 41.00 %")
        .contains("prefix_only 76.99 % of 900 rows, was 78.00 % of 1000")
        .endsWith("models.max_accuracy_drop, 0.5 points");
    assertThat(HeldBackAccuracy.worse(served, offered, 0.1).orElseThrow())
        .endsWith("models.max_accuracy_drop, 10 points");
  }

  @ParameterizedTest
  @ValueSource(strings = {"wrong_pincode_0.25", "no_prefix", "text_only"})
  void questionsWithOptionsOfATrainingDoNotCount(String question) {
    var served = scores(question, 1000, 1.0);
    var offered = scores(question, 1000, 0.0);

    assertThat(HeldBackAccuracy.worse(served, offered, 0.02)).isEmpty();
    assertThat(HeldBackAccuracy.comparable(served, offered)).isFalse();
  }

  @Test
  void whatIsNoScoreIsNotCompared() {
    var good = scores("full", 1000, 1.0);
    for (var odd :
        new JsonObject[] {
          new JsonObject(),
          new JsonObject().put("full", 0.1),
          new JsonObject().put("full", new JsonObject().put("rows", 1000)),
          scores("full", 0, 0.1),
          scores("full", 1000, "0.1"),
          scores("full", 1000, -0.1),
          scores("full", 1000, 10),
          scores("prefix_only", 1000, 0.1),
        }) {
      assertThat(HeldBackAccuracy.comparable(good, odd)).isFalse();
      assertThat(HeldBackAccuracy.worse(good, odd, 0.02)).isEmpty();
      assertThat(HeldBackAccuracy.worse(odd, good, 0.02)).isEmpty();
    }
  }

  /** The drops were computed by Newcombe's formula in another program. */
  @ParameterizedTest(name = "{0} of {1} after {2} of {3} rows: worse {4}")
  @CsvSource({
    "0.95, 199, 0.10, 1000, false",
    "0.95, 1000, 0.10, 199, false",
    "0.95, 200, 0.10, 200, true",
    "0.95, 200, 0.91, 200, false",
    "0.95, 200, 0.88, 200, false",
    "0.95, 200, 0.86, 200, true",
    "0.95, 2000, 0.92, 2000, false",
    "0.95, 2000, 0.91, 2000, true",
  })
  void aPrefixIsWorseWhenTheWholeIntervalOfItsDropIsBeyondTheAllowed(
      double before, long rows, double after, long otherRows, boolean worse) {
    var found =
        HeldBackAccuracy.prefixWorse(
            scores("full", rows, before), scores("full", otherRows, after), 0.02);

    assertThat(found.isPresent()).isEqualTo(worse);
  }
}
