package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.PrefixIndex;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class IndexBuilderTest {
  /** Fingerprints are multiples of this, so that they fall into all buckets. */
  private static final int STEP = 0x2001;

  /** An index of n-grams that each occur as often at every CP. */
  private static PrefixIndex index(int grams, int cps, IntUnaryOperator count) {
    var keys = new long[grams * cps];
    var counts = new int[keys.length];
    for (int gram = 0; gram < grams; gram++) {
      for (int cp = 0; cp < cps; cp++) {
        keys[gram * cps + cp] = PrefixCounts.key(gram * STEP, 0, cp);
        counts[gram * cps + cp] = count.applyAsInt(gram);
      }
    }
    var ones = new int[cps];
    Arrays.fill(ones, 1);
    var counted =
        new PrefixCounts(
            "560",
            IntStream.range(0, cps).mapToObj("CP%05d"::formatted).toList(),
            ones,
            ones,
            new TreeMap<>(),
            keys,
            counts,
            List.of(),
            new int[0],
            List.of());
    var file = IndexBuilder.build(counted, OfficeDirectory.EMPTY, new Rarity(List.of()));
    return new PrefixIndex(ModelFile.of(file.toBytes()));
  }

  private static void assertHeld(PrefixIndex index, int grams, IntUnaryOperator count, int least) {
    int held = 0;
    for (int gram = 0; gram < grams; gram++) {
      boolean isHeld = count.applyAsInt(gram) >= least;
      assertThat(index.grams().find(gram * STEP) >= 0).as("n-gram %d", gram).isEqualTo(isHeld);
      if (isHeld) held++;
    }
    assertThat(index.grams().size()).isEqualTo(held);
  }

  @Test
  void holdsAllNGramsUpToTheMaximum() {
    int grams = IndexBuilder.MAX_GRAMS;

    assertHeld(index(grams, 1, gram -> 1 + gram % 2), grams, gram -> 1, 1);
  }

  @Test
  void holdsTheMostFrequentOfMoreNGrams() {
    int grams = IndexBuilder.MAX_GRAMS + 1;
    IntUnaryOperator count = gram -> 1 + gram % 3;

    assertHeld(index(grams, 1, count), grams, count, 2);
  }

  /** With 300 CPs a list takes 903 bytes, 18,579 of them what a model file holds. */
  @Test
  void holdsTheMostFrequentOfLongerLists() {
    int grams = 20_000;
    IntUnaryOperator count = gram -> 1 + gram % 4;

    assertHeld(index(grams, 300, count), grams, count, 2);
  }

  @Test
  void holdsAnNGramThatEveryCpHas() {
    var index = index(2, PrefixCounts.MAX_CPS, gram -> 1);

    var cps = new int[1];
    index.grams().forEach(index.grams().find(0), (cp, count) -> cps[0]++);
    assertThat(cps[0]).isEqualTo(PrefixCounts.MAX_CPS);
  }
}
