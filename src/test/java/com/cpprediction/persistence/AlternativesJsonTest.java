package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.prediction.Candidate;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AlternativesJsonTest {
  @ParameterizedTest
  @ValueSource(strings = {"CP1", "", "\"", "a\\b", "line\nbreak\u0001", "ಬೆಂಗಳೂರು 😀", "</script>"})
  void isTheJsonOfAllButTheBest(String cp) {
    var best = new Candidate("best", 0.9);
    var second = new Candidate(cp, 1e-6);
    var third = new Candidate("CP3", 0);

    assertThat(AlternativesJson.encode(List.of(best))).isEqualTo("[]");
    assertThat(new JsonArray(AlternativesJson.encode(List.of(best, second, third))))
        .isEqualTo(
            new JsonArray()
                .add(new JsonObject().put("cp", cp).put("confidence", 1e-6))
                .add(new JsonObject().put("cp", "CP3").put("confidence", 0.0)));
  }
}
