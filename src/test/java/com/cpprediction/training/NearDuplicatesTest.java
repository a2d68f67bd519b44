package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearDuplicatesTest {
  @ParameterizedTest(name = "{0} | {1}: {2}")
  @CsvSource({
    "a b c, a b c, true",
    "a b c, c a b, true",
    "a b c d, a b c e f, true", // 3 of 6
    "a b c d e, a b c f, true", // 3 of 6
    "a b c d e f g, a b c d h i, true", // 4 of 9 = 0.444
    "a b c d e f g, a b c h, false", // 3 of 8
    "a b c d e, a b c f g, false", // 3 of 7 = 0.43
    "a b, a b, true", // the same wording, however short
    "a b, b a, false", // two words are too few
    "a b, a b c, false",
    "a a a b b, a b c, false", // repeats don't count
    "a b c c c c, a b c d, true",
    "'', '', true",
    "'', a b c, false",
  })
  void threeSharedWordsAndAJaccardIndexOf44PercentMakeAGroup(String a, String b, boolean same) {
    assertThat(groups(List.of(a, b), "560", "560")).isEqualTo(same ? List.of(0, 0) : List.of(0, 1));
  }

  @Test
  void groupsAreTransitive() {
    var texts = List.of("a b c d", "x y z", "b c d e", "c d e f");

    assertThat(groups(texts, "560", "560", "560", "560")).containsExactly(0, 1, 0, 0);
  }

  @Test
  void theLastRowMayJoinTwoGroups() {
    var texts = List.of("a b c d", "c d e f", "b c d e");

    assertThat(groups(texts, "560", "560", "560")).containsExactly(0, 0, 0);
  }

  @Test
  void theSameWordingIsOneGroupInAllPrefixes() {
    assertThat(groups(List.of("a b", "x y", "a b"), "560", "560", "110")).containsExactly(0, 1, 0);
  }

  @Test
  void similarWordingIsNotOneGroupInTwoPrefixes() {
    assertThat(groups(List.of("a b c d", "a b c e"), "560", "110")).containsExactly(0, 1);
  }

  @Test
  void groupsAreTheSameInAnyOrderOfTheRows() {
    var texts = new ArrayList<>(SmallRelease.indexedTexts("831"));
    var first = pairs(texts);
    Collections.shuffle(texts, new Random(5));

    assertThat(pairs(texts)).isEqualTo(first);
  }

  /** Texts by group, independent of row numbers. */
  private static List<String> pairs(List<String> texts) {
    var prefixes = Collections.nCopies(texts.size(), "831").toArray(String[]::new);
    var groups = groups(texts, prefixes);
    return IntStream.range(0, texts.size())
        .boxed()
        .flatMap(
            i ->
                IntStream.range(0, texts.size())
                    .filter(j -> groups.get(i).equals(groups.get(j)))
                    .mapToObj(j -> texts.get(i) + '|' + texts.get(j)))
        .sorted()
        .toList();
  }

  private static List<Integer> groups(List<String> texts, String... prefixes) {
    return Arrays.stream(NearDuplicates.groups(texts, List.of(prefixes))).boxed().toList();
  }
}
