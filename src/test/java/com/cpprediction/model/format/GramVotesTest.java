package com.cpprediction.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GramVotesTest {
  private static final String TEXT =
      "flat kadri temple road po kavoor dist udupi near bejai church opposite clock tower a b c";

  private static int[] parts(int code) {
    var parts = new int[GramVotes.PARTS];
    GramVotes.parts(code, parts);
    return parts;
  }

  private static int code(int total, int rarity, float share, float usual) {
    var grams = new Grams().read("kadri");
    return GramVotes.code(GramVotes.gramCode(grams, 0, total, rarity, true), share, usual);
  }

  private static void assertSameClass(int one, int other, boolean same) {
    assertThat(one == other).isEqualTo(same);
    assertThat(Arrays.equals(parts(one), parts(other))).isEqualTo(same);
  }

  @Test
  void everyCodeIsTheSumOfOtherWeights() {
    var tuples = new HashSet<List<Integer>>();
    var used = new HashSet<Integer>();
    for (int code = 0; code < GramVotes.CODES; code++) {
      var parts = parts(code);
      assertThat(parts).hasSize(5).doesNotHaveDuplicates();
      for (int part : parts) {
        assertThat(part).isBetween(0, GramVotes.WEIGHTS - 1);
        used.add(part);
      }
      tuples.add(Arrays.stream(parts).boxed().toList());
    }

    assertThat(tuples).hasSize(GramVotes.CODES);
    assertThat(used).as("weights in use").hasSize(GramVotes.WEIGHTS);
    assertThat(GramVotes.CODES).as("codes fit in a char").isLessThanOrEqualTo(1 << Character.SIZE);
  }

  @Test
  void aVoteIsTheSumOfItsWeights() {
    var weights = new float[GramVotes.WEIGHTS];
    for (int i = 0; i < weights.length; i++) weights[i] = (i * 37 % 101 - 50) / 16f;
    var votes = GramVotes.of(weights);

    for (int code = 0; code < GramVotes.CODES; code++) {
      float sum = 0;
      for (int part : parts(code)) sum += weights[part];
      assertThat(votes.vote(code)).isEqualTo(sum); // of sixteenths: exact in any order
    }
  }

  @Test
  void withoutWeightsEveryVoteIsZero() {
    for (int code = 0; code < GramVotes.CODES; code++) {
      assertThat(GramVotes.NONE.vote(code)).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(
      floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 3e38f, -3e38f})
  void refusesAWeightThatIsNoNumber(float value) {
    for (int at : new int[] {0, 700, GramVotes.WEIGHTS - 1}) {
      var weights = new float[GramVotes.WEIGHTS];
      weights[at] = value;

      assertThatThrownBy(() -> GramVotes.of(FloatBuffer.wrap(weights)))
          .isInstanceOf(ModelException.class)
          .hasMessage("a vote is no number, or too large a one");
    }
  }

  @ParameterizedTest(name = "a share of {0} and one of {1} are alike: {2}")
  @CsvSource({
    "0,0.049,true",
    "0.049,0.05,false",
    "0.05,0.099,true",
    "0.099,0.1,false",
    "0.199,0.2,false",
    "0.349,0.35,false",
    "0.499,0.5,false",
    "0.699,0.7,false",
    "0.7,0.949,true",
    "0.949,0.95,false",
    "0.95,1,true",
    "1,7,true",
  })
  void classesOfTheShare(float one, float other, boolean same) {
    assertSameClass(code(4, 40, one, 0.3f), code(4, 40, other, 0.3f), same);
  }

  @ParameterizedTest(name = "{0} and {1} of all places of a CP are alike: {2}")
  @CsvSource({
    "0,0.079,true",
    "0.079,0.08,false",
    "0.08,0.249,true",
    "0.249,0.25,false",
    "0.499,0.5,false",
    "0.5,1,true",
    "1,40,true",
  })
  void classesOfHowUsualItIs(float one, float other, boolean same) {
    assertSameClass(code(4, 40, 0.3f, one), code(4, 40, 0.3f, other), same);
  }

  @ParameterizedTest(name = "{0} and {1} occurrences are alike: {2}")
  @CsvSource({
    "1,2,false",
    "2,3,false",
    "3,4,true",
    "4,5,false",
    "5,8,true",
    "8,9,false",
    "9,16,true",
    "16,17,false",
    "17,64,true",
    "64,65,false",
    "65,1000000,true",
  })
  void classesOfTheOccurrences(int one, int other, boolean same) {
    assertSameClass(code(one, 40, 0.3f, 0.3f), code(other, 40, 0.3f, 0.3f), same);
  }

  @ParameterizedTest(name = "a rarity of {0} and one of {1} steps are alike: {2}")
  @CsvSource({
    "0,47,true",
    "47,48,false",
    "48,95,true",
    "95,96,false",
    "96,133,true",
    "133,134,false",
    "134,255,true",
  })
  void classesOfTheRarity(int one, int other, boolean same) {
    assertSameClass(code(4, one, 0.3f, 0.3f), code(4, other, 0.3f, 0.3f), same);
  }

  /** A forest of one leaf, with votes. */
  private static ByteBuffer forest(int count, float... votes) {
    var bytes =
        ByteBuffer.allocate((7 + 2 + 2 + 1 + votes.length) * Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(1).putInt(1).putInt(1).putInt(0).putInt(1).putInt(count).putFloat(0.5f);
    bytes.putInt(0).putInt(0); // no threshold
    bytes.putInt(1).putInt(0); // its root is a leaf
    bytes.putFloat(0.25f);
    for (float vote : votes) bytes.putFloat(vote);
    return bytes.flip();
  }

  @Test
  void aForestHoldsVotes() {
    var weights = new float[GramVotes.WEIGHTS];
    for (int i = 0; i < weights.length; i++) weights[i] = i;
    var expected = GramVotes.of(weights);

    var forest = Forest.of(forest(weights.length, weights));

    var scores = new float[1];
    forest.score(new float[1], 1, scores);
    assertThat(scores).containsExactly(0.75f);
    for (int code = 0; code < GramVotes.CODES; code++) {
      assertThat(forest.votes().vote(code)).isEqualTo(expected.vote(code));
    }
    assertThat(Forest.of(forest(0)).votes()).isSameAs(GramVotes.NONE);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 1, GramVotes.WEIGHTS - 1, GramVotes.WEIGHTS + 1, Integer.MAX_VALUE})
  void refusesAForestOfAnotherNumberOfVotes(int count) {
    var votes = new float[Math.max(0, Math.min(count, 2 * GramVotes.WEIGHTS))];

    assertThatThrownBy(() -> Forest.of(forest(count, votes)))
        .isInstanceOf(ModelException.class)
        .hasMessage("the forest has sizes that don't fit");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, GramVotes.WEIGHTS - 1})
  void refusesAForestWhoseVotesAreCut(int left) {
    assertThatThrownBy(() -> Forest.of(forest(GramVotes.WEIGHTS, new float[left])))
        .isInstanceOf(ModelException.class)
        .hasMessage("the forest has sizes that don't fit");
  }

  @Test
  void refusesAForestWithAVoteThatIsNoNumber() {
    var votes = new float[GramVotes.WEIGHTS];
    votes[5] = Float.NaN;

    assertThatThrownBy(() -> Forest.of(forest(votes.length, votes)))
        .isInstanceOf(ModelException.class)
        .hasMessage("a vote is no number, or too large a one");
  }

  /** Over all n-grams of a text with every cue, known and unknown words. */
  @Test
  void votesAsTheReference() {
    var naive = new NaiveVotes(3);
    var votes = naive.votes();
    var grams = new Grams().read(TEXT);
    var kinds = new HashSet<Integer>();
    for (int i = 0; i < grams.size(); i++) {
      for (boolean known : new boolean[] {false, true}) {
        int count = 1 + i % 5;
        int total = count + i % 7;
        int gramCode = GramVotes.gramCode(grams, i, total, i % 256, known);
        int code = GramVotes.code(gramCode, (float) count / total, count / 11f);

        int position = NaiveVotes.position(grams.cues(i), grams.words() - 1 - grams.word(i));
        double expected = naive.vote(grams.kind(i), known, count, total, i % 256, position, 10);
        assertThat((double) votes.vote(code)).isCloseTo(expected, within(1e-6));
        assertThat(GramVotes.kind(code)).isEqualTo(GramVotes.kind(gramCode));
        assertThat(GramVotes.kind(code)).isEqualTo(NaiveVotes.kindClass(grams.kind(i), known));
        kinds.add(GramVotes.kind(code));
      }
    }

    assertThat(kinds).hasSize(GramVotes.KINDS);
  }

  @ParameterizedTest(name = "with {0} words behind it and with {1} a word is alike: {2}")
  @CsvSource({
    "0,1,true",
    "1,2,false",
    "2,4,true",
    "4,5,false",
    "5,8,true",
    "8,9,false",
    "9,40,true",
  })
  void classesOfThePosition(int one, int other, boolean same) {
    assertSameClass(behind(one), behind(other), same);
  }

  private static int behind(int words) {
    var grams = new Grams().read("kadri" + " x".repeat(words));
    return GramVotes.gramCode(grams, 0, 4, 40, true);
  }

  @Test
  void aCueCountsMoreThanThePosition() {
    var codes = new HashSet<Integer>();
    for (var text : List.of("kadri", "po kadri", "dist kadri", "near kadri")) {
      var grams = new Grams().read(text);
      int i = text.equals("kadri") ? 0 : last(grams, Grams.WORD);
      codes.add(GramVotes.gramCode(grams, i, 4, 40, true));
    }
    assertThat(codes).hasSize(4);

    var office = new Grams().read("po kadri near kadri dist kadri");
    var alone = new Grams().read("po kadri");
    assertThat(GramVotes.gramCode(office, last(alone, Grams.WORD), 4, 40, true))
        .isEqualTo(GramVotes.gramCode(alone, last(alone, Grams.WORD), 4, 40, true));
  }

  private static int last(Grams grams, byte kind) {
    int last = -1;
    for (int i = 0; i < grams.size(); i++) if (grams.kind(i) == kind) last = i;
    return last;
  }
}
