package com.cpprediction.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.model.format.ModelFile.Section;
import com.cpprediction.training.SmallRelease.Counted;
import com.cpprediction.training.SmallRelease.FewRows;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Features with the own place left out, against those of a file that never counted it. */
class OwnPlaceTest {
  /**
   * Columns that hold what is stored for the whole prefix: norms and weights of offices, which have
   * the weights of n-grams before the place is left out, and the mean length of a CP.
   */
  private static final Set<String> APPROXIMATE =
      Set.of(
          "cosine_words",
          "cosine_chars",
          "cosine_words_of_best",
          "cosine_chars_of_best",
          "bm25_words_of_best",
          "bm25_chars_of_best",
          "office_share",
          "own_office_share",
          "office_found",
          "named_own_office",
          "named_office",
          "cosine_words_margin",
          "bm25_chars_margin",
          "firsts");

  private static final GramVotes VOTES = new NaiveVotes(1).votes();
  private static final FewRows rows = new FewRows("575");
  private static final PrefixIndex whole = index(rows.file());

  private static PrefixIndex index(byte[] file) {
    return new PrefixIndex(ModelFile.of(file));
  }

  /** The index of a file with the number of places of another, on which all weights depend. */
  private static PrefixIndex index(byte[] file, PrefixIndex like) {
    var counts = ModelFile.of(file).section(Section.COUNTS).asIntBuffer();
    return index(
        ModelFile.Writer.of(ModelFile.of(file))
            .putInts(Section.COUNTS, counts.get(0), counts.get(1), counts.get(2), like.places())
            .toBytes());
  }

  private static OwnPlace own(PrefixIndex index, List<Counted> place) {
    var cps = place.stream().mapToInt(address -> index.cpCodes().indexOf(address.cp())).toArray();
    return OwnPlace.of(index, cps, place.stream().map(Counted::text).toArray(String[]::new));
  }

  private static void assertExactColumns(Features left, Features without, String text) {
    assertThat(left.candidates()).isEqualTo(without.candidates()).isEqualTo(whole.cps());
    for (int i = 0; i < left.candidates(); i++) {
      for (int column = 0; column < Features.COUNT; column++) {
        if (APPROXIMATE.contains(Features.NAMES.get(column))) continue;
        float expected = without.values()[i * Features.COUNT + column];
        assertThat(left.values()[i * Features.COUNT + column])
            .as("%s of CP %d for %s", Features.NAMES.get(column), left.cp(i), text)
            .isCloseTo(expected, within(1e-5f * Math.max(1, Math.abs(expected))));
      }
    }
  }

  @Test
  void theRowsHaveWhatTheTestIsAbout() {
    int most = 0;
    for (int gram = 0; gram < whole.grams().size(); gram++) {
      most = Math.max(most, whole.grams().total(gram));
    }

    assertThat(most).as("counts are stored exactly up to 128").isLessThanOrEqualTo(128);
    assertThat(rows.places())
        .anySatisfy(place -> assertThat(place).hasSizeGreaterThan(2))
        .anySatisfy(place -> assertThat(place).hasSize(1));
    assertThat(
            rows.places().stream()
                .filter(place -> new HashSet<>(place.stream().map(Counted::cp).toList()).size() > 1)
                .count())
        .as("places with two CPs")
        .isGreaterThan(4);
  }

  @Test
  void givesTheFeaturesOfAFileThatNeverCountedThePlace() {
    var left = Features.ofAll();
    var without = Features.ofAll();
    for (int at = 0; at < rows.places().size(); at++) {
      var place = rows.places().get(at);
      var others = index(rows.fileWithout(at), whole);
      for (var address : place) {
        left.read(whole, VOTES, own(whole, place), address.text());
        without.read(others, VOTES, null, address.text());

        assertExactColumns(left, without, address.text());
      }
    }
  }

  @Test
  void theOtherColumnsComeCloseToIt() {
    double plain = 0;
    double corrected = 0;
    var features = Features.ofAll();
    for (int at = 0; at < rows.places().size(); at++) {
      var place = rows.places().get(at);
      var others = index(rows.fileWithout(at), whole);
      for (var address : place) {
        features.read(others, VOTES, null, address.text());
        var expected = features.values().clone();
        features.read(whole, VOTES, null, address.text());
        plain += distance(features, expected);
        features.read(whole, VOTES, own(whole, place), address.text());
        corrected += distance(features, expected);
      }
    }

    assertThat(corrected).isLessThan(plain / 8);
  }

  private static double distance(Features features, float[] expected) {
    double sum = 0;
    for (int i = 0; i < features.candidates() * Features.COUNT; i++) {
      if (!APPROXIMATE.contains(Features.NAMES.get(i % Features.COUNT))) continue;
      sum += Math.abs(features.values()[i] - expected[i]);
    }
    return sum;
  }

  /**
   * Of a prefix with too many n-grams, pairs counted once are dropped while it is counted. Without
   * offices: whether a pair that is left is the place's or the office's is not known.
   */
  @Test
  void takesNothingFromTheCountsThatDropped() {
    var repeated = index(rows.fileOfRepeatedPairs());
    var left = Features.ofAll();
    var without = Features.ofAll();
    for (int at = 0; at < rows.places().size(); at++) {
      var place = rows.places().get(at);
      var others = index(rows.fileOfRepeatedPairsWithout(at), repeated);
      for (var address : place) {
        left.read(repeated, VOTES, own(repeated, place), address.text());
        without.read(others, VOTES, null, address.text());

        assertExactColumns(left, without, address.text());
      }
    }
  }

  @Test
  void aPlaceOfNoCountedWordsTakesNothing() {
    var own = OwnPlace.of(whole, new int[] {2}, new String[] {"bcdfgq vwxkzq"});
    var with = Features.ofAll();
    var without = Features.ofAll();
    var text = rows.places().get(3).get(0).text();

    with.read(whole, VOTES, own, text);
    without.read(whole, VOTES, null, text);

    assertThat(own.places(2)).isEqualTo(1);
    assertThat(own.places(3)).isZero();
    int places = Features.NAMES.indexOf("places_log");
    for (int i = 0; i < with.candidates(); i++) {
      for (int column = 0; column < places; column++) {
        int at = i * Features.COUNT + column;
        assertThat(with.values()[at]).isEqualTo(without.values()[at]);
      }
    }
  }

  @Test
  void countsRepeatsOfAnNGramByAddress() {
    var text = rows.places().get(0).get(0).text();
    var word = new Grams().read(text).fingerprint(0);
    int gram = whole.grams().find(word);
    var own = OwnPlace.of(whole, new int[] {1, 1, 4}, new String[] {text, text, text});

    assertThat(own.places(1)).isEqualTo(2);
    assertThat(own.places(4)).isEqualTo(1);
    int one = Math.min(2, whole.grams().count(gram, 1));
    int four = Math.min(1, whole.grams().count(gram, 4));
    assertThat(own.count(gram, 1)).isEqualTo(one);
    assertThat(own.count(gram, 4)).isEqualTo(four);
    assertThat(own.total(gram)).isEqualTo(one + four);
  }
}
