package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.prediction.Address;
import com.cpprediction.training.SmallRelease;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class WordSharesTest {
  private static ModelStore models;
  private static PrefixIndex index;

  @BeforeAll
  static void load() {
    models = Models.small();
    index = models.scoring("575").model().index();
  }

  @AfterAll
  static void close() {
    models.close();
  }

  static Stream<String> texts() {
    var trained = SmallRelease.rows("575").stream().map(SmallRelease.Row::text).limit(20);
    return Stream.concat(
        trained,
        Stream.of(
            "kadri kadri temple near kadri",
            "bejai 575004 mangalore 9876543210",
            "near 9876543210 kadri temple",
            "zzyzx"));
  }

  @ParameterizedTest(name = "\"{0}\"")
  @MethodSource("texts")
  void theSharesOfAllWordsAreTheLinearScore(String text) {
    var similarity = new Features().similarities(index, text);
    for (int cp = 0; cp < index.cps(); cp += 3) {
      var words = new WordShares(index, text).of(cp, 0);

      double first = words.stream().mapToDouble(Explanation.Word::first).sum();
      double second = words.stream().mapToDouble(Explanation.Word::second).sum();

      assertThat(first).isCloseTo(index.whole().ridge(cp, similarity), within(1e-4));
      assertThat(second).isCloseTo(index.whole().ridge(0, similarity), within(1e-4));
      assertThat(words)
          .isSortedAccordingTo(Comparator.comparingDouble(word -> -Math.abs(word.effect())));
      assertThat(words).extracting(Explanation.Word::word).doesNotHaveDuplicates();
      assertThat(Arrays.asList(text.split(" ")))
          .containsAll(words.stream().map(Explanation.Word::word).toList());
    }
  }

  @Test
  void theNameOfItsOwnPlaceSpeaksMostForACp() {
    var explanation =
        new Scorer()
            .explain(
                models.scoring("575"),
                new Address("bank of india bejai mangalore", "575004"),
                0.01);

    assertThat(explanation.words().get(0).word()).isEqualTo("bejai");
  }

  @Test
  void withoutWordsThereAreNoShares() {
    assertThat(new WordShares(index, "").of(0, 1)).isEqualTo(List.of());
    assertThat(new WordShares(index, "9876543210").of(0, -1)).isEqualTo(List.of());
  }
}
