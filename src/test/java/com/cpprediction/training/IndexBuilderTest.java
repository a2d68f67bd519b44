package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.ModelFile.Section;
import com.cpprediction.model.format.PrefixIndex;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IndexBuilderTest {
  /** Fingerprints are multiples of this, so that they fall into all buckets. */
  private static final int STEP = 0x2001;

  /** An index of n-grams that each occur as often at one half of the CPs. */
  private static PrefixIndex index(int grams, int cps, IntUnaryOperator count) {
    return index(grams, cps, 2 * cps, count);
  }

  /** An index of n-grams that each occur as often at the first of all CPs. */
  private static PrefixIndex index(int grams, int cps, int all, IntUnaryOperator count) {
    var keys = new long[grams * cps];
    var counts = new int[keys.length];
    for (int gram = 0; gram < grams; gram++) {
      for (int cp = 0; cp < cps; cp++) {
        keys[gram * cps + cp] = PrefixCounts.key(gram * STEP, 0, cp);
        counts[gram * cps + cp] = count.applyAsInt(gram);
      }
    }
    var ones = new int[all];
    Arrays.fill(ones, 1);
    var counted =
        new PrefixCounts(
            "560",
            IntStream.range(0, all).mapToObj("CP%05d"::formatted).toList(),
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

  @ParameterizedTest(name = "of {1} CPs {0} have it")
  @CsvSource({
    "8, 8, true",
    "9, 9, false",
    "8, 16, true",
    "9, 17, false",
    "9, 18, true",
    "10, 18, false",
    "32767, 65535, true",
    "32768, 65535, false",
  })
  void holdsNoNGramThatMostCpsHave(int have, int cps, boolean held) {
    var index = index(2, have, cps, gram -> 1);

    assertThat(index.grams().size()).isEqualTo(held ? 2 : 0);
    var read = new int[1];
    if (held) index.grams().forEach(index.grams().find(0), (cp, count) -> read[0]++);
    assertThat(read[0]).isEqualTo(held ? have : 0);
  }

  private static PrefixIndex index(long[] keys, int[] counts) {
    var ones = new int[] {1, 1};
    var counted =
        new PrefixCounts(
            "560",
            List.of("A", "B"),
            ones,
            ones,
            new TreeMap<>(),
            keys,
            counts,
            List.of(),
            new int[0],
            List.of());
    return new PrefixIndex(
        ModelFile.of(
            IndexBuilder.build(counted, OfficeDirectory.EMPTY, new Rarity(List.of())).toBytes()));
  }

  @Test
  void skeletonsCountInNoNorm() {
    var words = new long[] {PrefixCounts.key(7, 0, 0), PrefixCounts.key(9, 1, 1)};
    var skeletons = Arrays.copyOf(words, 4);
    skeletons[2] = PrefixCounts.key(11, 2, 0);
    skeletons[3] = PrefixCounts.key(11, 2, 1);

    var without = index(words, new int[] {3, 4});
    var with = index(skeletons, new int[] {3, 4, 5, 6});

    assertThat(with.grams().total(with.grams().find(11))).isEqualTo(11);
    assertThat(with.grams().find(12)).isEqualTo(-1);
    for (int cp = 0; cp < 2; cp++) {
      assertThat(with.wordNorm(cp)).isEqualTo(without.wordNorm(cp));
      assertThat(with.charNorm(cp)).isEqualTo(without.charNorm(cp));
    }
    assertThat(with.wordNorm(0)).isPositive();
    assertThat(with.charNorm(1)).isPositive();
  }

  @Test
  void kindsThatCollideAreCountedAsOne() {
    var index =
        index(
            new long[] {
              PrefixCounts.key(7, 0, 0),
              PrefixCounts.key(7, 1, 0),
              PrefixCounts.key(7, 1, 1),
              PrefixCounts.key(7, 2, 1)
            },
            new int[] {1, 2, 3, 4});

    var counts = new TreeMap<Integer, Integer>();
    index.grams().forEach(index.grams().find(7), counts::put);
    assertThat(counts).isEqualTo(new TreeMap<>(Map.of(0, 3, 1, 7)));
    assertThat(index.wordNorm(1)).isPositive();
    assertThat(index.charNorm(0)).isZero();
  }

  @Test
  void holdsTheNamesOfOfficesWithoutBlanks(@TempDir Path dir) throws IOException {
    var directory = dir.resolve("directory.csv");
    Files.writeString(
        directory,
        """
        pincode,office
        560001,Kadri Hills S.O
        560001,कद्री B.O
        560001,%s H.O
        """
            .formatted("Abcd ".repeat(20)));
    var builder = new PrefixCounts.Builder("560", new PrefixCounts.Options(1, 0, 0, 10));
    builder.add(new LabelledRow("kadri temple road", "560001", "A"), "kadri temple road");
    var counted = builder.build(List.of());

    var file =
        ModelFile.of(
            IndexBuilder.build(
                    counted, OfficeDirectory.read(directory, null), new Rarity(List.of()))
                .toBytes());

    var names = StandardCharsets.UTF_8.decode(file.section(Section.OFFICE_NAME)).toString();
    assertThat(names).isEqualTo("kadrihills\n\n" + "abcd".repeat(16) + "\n");
    assertThat(new PrefixIndex(file).cps()).isEqualTo(1);
  }
}
