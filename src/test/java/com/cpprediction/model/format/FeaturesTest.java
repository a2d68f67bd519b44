package com.cpprediction.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.training.SmallRelease;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FeaturesTest {
  private static final String PREFIX = "575";
  private static final double CLOSE = 1e-4;

  private static PrefixIndex index;

  @BeforeAll
  static void readTheSmallRelease() throws IOException {
    index = index(PREFIX);
  }

  private static PrefixIndex index(String prefix) throws IOException {
    return new PrefixIndex(
        ModelFile.of(
            Files.readAllBytes(SmallRelease.directory().resolve(prefix).resolve("model.mmap"))));
  }

  /** Training addresses, and others: unknown words, repeated words, cues, numbers, empty text. */
  static List<String> texts() {
    var texts = new ArrayList<String>();
    var all = SmallRelease.rows(PREFIX);
    for (int i = 0; i < all.size(); i += 7) texts.add(all.get(i).text());
    SmallRelease.rows("180").stream().limit(10).forEach(row -> texts.add(row.text()));
    texts.add("near kadri temple kadri hills kadri mangalore 575004 9876543210");
    texts.add("post kavoor dist dakshina kannada");
    texts.add("p o bejai tq mangalore po kadri");
    texts.add("zzyzx qwrtp");
    texts.add("k s rao rd");
    texts.add("");
    return texts;
  }

  private static NaiveCounts naive() {
    var naive =
        new NaiveCounts(
            SmallRelease.PREFIXES.stream().map(SmallRelease::countedTexts).toList(),
            SmallRelease.officeNames(PREFIX),
            SmallRelease.officeTexts(PREFIX));
    SmallRelease.counted(PREFIX).forEach(row -> naive.add(row.cp(), row.text()));
    return naive;
  }

  @ParameterizedTest(name = "\"{0}\"")
  @MethodSource("texts")
  void computesEveryFeatureAsItsNameSays(String text) {
    var features = new Features();
    var expected = naive().features(text);

    features.read(index, GramVotes.NONE, null, text);

    assertThat(features.candidates()).isEqualTo(index.cps()); // 13: fewer than are chosen
    for (int i = 0; i < features.candidates(); i++) {
      var code = index.cpCode(features.cp(i));
      var row = expected.get(code);
      for (int column = 0; column < Features.COUNT; column++) {
        if (Double.isNaN(row.get(column))) continue;
        double value = features.values()[i * Features.COUNT + column];
        assertThat(value)
            .as("%s of %s", Features.NAMES.get(column), code)
            .isCloseTo(row.get(column), within(CLOSE * Math.max(1, Math.abs(value))));
      }
    }
  }

  @Test
  void theOwnOfficeIsOneOfTheOfficesOfItsCp() {
    var features = new Features();
    for (var text : texts()) {
      features.read(index, GramVotes.NONE, null, text);
      for (int i = 0; i < features.candidates(); i++) {
        assertThat(value(features, i, "own_office_share"))
            .isLessThanOrEqualTo(value(features, i, "office_share"));
        assertThat(value(features, i, "own_office_exact"))
            .isLessThanOrEqualTo(value(features, i, "office_exact"));
        assertThat(value(features, i, "named_own_office"))
            .isLessThanOrEqualTo(value(features, i, "named_office"));
      }
    }
  }

  @Test
  void leavesTheOwnPlaceOut() {
    var sample = SmallRelease.counted(PREFIX);
    for (int left = 0; left < sample.size(); left += 5) {
      var row = sample.get(left);
      var naive =
          new NaiveCounts(
              SmallRelease.PREFIXES.stream().map(SmallRelease::countedTexts).toList(),
              SmallRelease.officeNames(PREFIX),
              SmallRelease.officeTexts(PREFIX));
      var own = SmallRelease.placeOf(PREFIX, row);
      sample.stream()
          .filter(other -> !own.contains(other))
          .forEach(o -> naive.add(o.cp(), o.text()));
      var cps = own.stream().mapToInt(o -> index.cpCodes().indexOf(o.cp())).toArray();
      var texts = own.stream().map(SmallRelease.Counted::text).toArray(String[]::new);
      var features = new Features();

      features.read(index, GramVotes.NONE, OwnPlace.of(index, cps, texts), row.text());

      var expected = naive.features(row.text());
      for (int i = 0; i < features.candidates(); i++) {
        var code = index.cpCode(features.cp(i));
        // Not the same: the number of places behind every weight, and weights behind norms.
        for (var column :
            List.of("vote_words", "vote_chars", "known_words", "places_log", "votes")) {
          int at = Features.NAMES.indexOf(column);
          assertThat((double) features.values()[i * Features.COUNT + at])
              .as("%s of %s for %s", column, code, row.text())
              .isCloseTo(expected.get(code).get(at), within(0.02));
        }
        int cosine = Features.NAMES.indexOf("cosine_words");
        assertThat((double) features.values()[i * Features.COUNT + cosine])
            .isCloseTo(expected.get(code).get(cosine), within(0.03));
      }
    }
  }

  @Test
  void unknownNGramsDiluteTheCosine() {
    var features = new Features();
    features.read(index, GramVotes.NONE, null, "bejai mangalore");
    float known = value(features, 0, "cosine_words");
    features.read(index, GramVotes.NONE, null, "bejai mangalore zzyzx qwrtp");

    assertThat(value(features, 0, "cosine_words")).isLessThan(known);
  }

  @Test
  void choosesTheBestByTextAndTheCpsOfThePincodes() {
    var many = manyCps(40);
    var features = new Features();

    features.read(many, GramVotes.NONE, null, "word13 word14 word15 other1");
    var byText = candidates(features);
    features.read(many, GramVotes.NONE, null, "word13 word14 word15 other1", 560039, 560999);

    assertThat(byText).hasSize(Features.TOP).contains(13, 14, 15).doesNotContain(38, 39);
    var expected = new TreeSet<>(byText);
    expected.addAll(List.of(38, 39)); // one is seen with the pincode, the other owns it
    assertThat(candidates(features)).isEqualTo(expected);
  }

  @Test
  void thePincodeIsNoFeature() {
    var without = new Features();
    var with = new Features();
    var text = SmallRelease.rows(PREFIX).get(3).text();

    without.read(index, GramVotes.NONE, null, text);
    with.read(index, GramVotes.NONE, null, text, 575003);

    assertThat(candidates(with)).isEqualTo(candidates(without));
    assertThat(with.values()).isEqualTo(without.values());
  }

  @Test
  void givesTheSameFeaturesWhenReused() throws IOException {
    var reused = new Features();
    var other = index("180");
    for (var text : texts()) {
      var fresh = new Features();
      reused.read(other, GramVotes.NONE, null, "gandhi nagar jammu", 180004);
      reused.read(index, GramVotes.NONE, null, text, 575001);
      fresh.read(index, GramVotes.NONE, null, text, 575001);

      assertThat(reused.candidates()).isEqualTo(fresh.candidates());
      int values = fresh.candidates() * Features.COUNT;
      for (int i = 0; i < values; i++) {
        assertThat(reused.values()[i]).isEqualTo(fresh.values()[i]);
      }
    }
  }

  private static float value(Features features, int candidate, String name) {
    return features.values()[candidate * Features.COUNT + Features.NAMES.indexOf(name)];
  }

  private static Set<Integer> candidates(Features features) {
    return new TreeSet<>(
        IntStream.range(0, features.candidates()).map(features::cp).boxed().toList());
  }

  /** An index with one address of two words per CP, with more CPs than the small release. */
  private static PrefixIndex manyCps(int cps) {
    return new PrefixIndex(ModelFile.of(SmallRelease.manyCps(cps)));
  }
}
