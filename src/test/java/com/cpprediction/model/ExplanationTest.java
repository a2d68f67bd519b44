package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Scored;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExplanationTest {
  private static final Explanation.Word WORD = new Explanation.Word("bejai", 0.25, 0.125, 0.125);

  @Test
  void namesBothCpsAndRoundsItsFigures() {
    var feature = new Explanation.Feature("ridge", 0.12345678, 0, 2);
    var explanation = new Explanation(scored("CP1", "CP2"), List.of(feature), List.of(WORD));

    assertThat(explanation.toJson())
        .isEqualTo(
            new JsonObject(
                """
                {"first": "CP1", "second": "CP2",
                 "features": [{"feature": "ridge", "first": 0.123457, "second": 0.0, "effect": 2.0}],
                 "words": [{"word": "bejai", "first": 0.25, "second": 0.125, "effect": 0.125}]}
                """));
  }

  @Test
  void aLoneCandidateHasNoSecond() {
    var json = new Explanation(scored("CP1"), List.of(), List.of(WORD)).toJson();

    assertThat(json.fieldNames()).containsExactly("first", "features", "words");
    assertThat(json.getJsonArray("features")).isEmpty();
  }

  private static Scored scored(String... cps) {
    var candidates = List.of(cps).stream().map(cp -> new Candidate(cp, 0.5)).toList();
    return new Scored("a".repeat(64), candidates);
  }
}
