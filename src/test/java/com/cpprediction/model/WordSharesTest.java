package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.GramVotes;
import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.PincodeErrors;
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
  void theSharesOfAllWordsAreTheCosines(String text) {
    var features = new Features();
    features.read(index, GramVotes.NONE, null, text);
    for (int i = 0; i < features.candidates(); i += 3) {
      var words = new WordShares(index, text).of(features.cp(i), features.cp(0));

      assertThat(words.stream().mapToDouble(Explanation.Word::first).sum())
          .isCloseTo(cosines(features, i), within(1e-4));
      assertThat(words.stream().mapToDouble(Explanation.Word::second).sum())
          .isCloseTo(cosines(features, 0), within(1e-4));
      assertThat(words)
          .isSortedAccordingTo(Comparator.comparingDouble(word -> -Math.abs(word.effect())));
      assertThat(words).extracting(Explanation.Word::word).doesNotHaveDuplicates();
      assertThat(Arrays.asList(text.split(" ")))
          .containsAll(words.stream().map(Explanation.Word::word).toList());
    }
  }

  private static double cosines(Features features, int candidate) {
    int at = candidate * Features.COUNT;
    return features.values()[at] + features.values()[at + 1];
  }

  @Test
  void theNameOfItsOwnPlaceSpeaksMostForACp() {
    var explanation =
        new Scorer()
            .explain(
                models.scoring("575"),
                new Address("bank of india bejai mangalore", "575004"),
                PincodeErrors.of(0.01));

    assertThat(explanation.words().get(0).word()).isEqualTo("bejai");
  }

  @Test
  void withoutWordsThereAreNoShares() {
    assertThat(new WordShares(index, "").of(0, 1)).isEqualTo(List.of());
    assertThat(new WordShares(index, "9876543210").of(0, -1)).isEqualTo(List.of());
  }
}
