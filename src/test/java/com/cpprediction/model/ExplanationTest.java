package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.testing.TestScores;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExplanationTest {
  private static final Explanation.Word WORD = new Explanation.Word("bejai", 0.25, 0.125, 0.125);

  @Test
  void namesBothCpsAndRoundsItsFigures() {
    var feature = new Explanation.Feature("cosine_words", 0.12345678, 0, 2);
    var explanation = explanation(List.of("CP1", "CP2"), List.of(feature), List.of(WORD));

    assertThat(explanation.toJson())
        .isEqualTo(
            new JsonObject(
                """
                {"first": "CP1", "second": "CP2",
                 "features": [{"feature": "cosine_words", "first": 0.123457, "second": 0.0, "effect": 2.0}],
                 "words": [{"word": "bejai", "first": 0.25, "second": 0.125, "effect": 0.125}]}
                """));
  }

  @Test
  void aLoneCandidateHasNoSecond() {
    var json = explanation(List.of("CP1"), List.of(), List.of(WORD)).toJson();

    assertThat(json.fieldNames()).containsExactly("first", "features", "words");
    assertThat(json.getJsonArray("features")).isEmpty();
  }

  private static Explanation explanation(
      List<String> cps, List<Explanation.Feature> features, List<Explanation.Word> words) {
    var candidates = cps.stream().map(cp -> new Candidate(cp, 1.0 / cps.size())).toList();
    var scores = TestScores.of("a".repeat(64), new Address("bejai", null), candidates);
    return new Explanation(scores, candidates, features, words);
  }
}
