package com.cpprediction.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.training.Forests;
import com.cpprediction.training.SmallRelease;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FeaturesTest {
  private static final String PREFIX = "575";
  private static final double CLOSE = 1e-4;
  private static final int LEAST_CONTENDERS = 5;

  private static final List<String> WORDS = List.of("kadri", "bejai", "kavoor", "road", "कद्री");

  /** Columns of which "firsts" counts those in which a candidate has the highest value. */
  private static final List<String> COMPARED =
      List.of(
          "cosine_words",
          "cosine_chars",
          "bm25_words_of_best",
          "bm25_chars_of_best",
          "vote_words",
          "vote_chars",
          "vote_squares",
          "purest_word",
          "purest_pair",
          "learned",
          "learned_words",
          "learned_pairs",
          "learned_chars",
          "learned_chars_of_unknown");

  private static final NaiveVotes NAIVE_VOTES = new NaiveVotes(1);
  private static final GramVotes VOTES = NAIVE_VOTES.votes();

  private static PrefixIndex index;
  private static NaiveCounts all;
  private static GramVotes trained;

  @BeforeAll
  static void readTheSmallRelease() throws IOException {
    index = index(PREFIX);
    trained = Forests.votes(SmallRelease.directory());
    all = naive();
    SmallRelease.counted(PREFIX).forEach(row -> all.add(row.cp(), row.text()));
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
    return new NaiveCounts(
        SmallRelease.PREFIXES.stream().map(SmallRelease::countedTexts).toList(),
        SmallRelease.officeNames(PREFIX),
        SmallRelease.officeTexts(PREFIX),
        SmallRelease.ownOffices(PREFIX),
        NAIVE_VOTES);
  }

  @ParameterizedTest(name = "\"{0}\"")
  @MethodSource("texts")
  void computesEveryFeatureAsItsNameSays(String text) {
    var features = Features.ofAll();
    var expected = all.features(text);

    features.read(index, VOTES, null, text);

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
    var features = Features.ofAll();
    for (var text : texts()) {
      features.read(index, VOTES, null, text);
      for (int i = 0; i < features.candidates(); i++) {
        assertThat(value(features, i, "own_office_share"))
            .isLessThanOrEqualTo(value(features, i, "office_share"));
        assertThat(value(features, i, "own_office_exact"))
            .isLessThanOrEqualTo(value(features, i, "office_exact"));
        assertThat(value(features, i, "named_own_office"))
            .isLessThanOrEqualTo(value(features, i, "named_office"));
        assertThat(value(features, i, "own_office_like"))
            .isLessThanOrEqualTo(value(features, i, "office_like"));
      }
    }
  }

  @Test
  void leavesTheOwnPlaceOut() {
    var sample = SmallRelease.counted(PREFIX);
    for (int left = 0; left < sample.size(); left += 17) {
      var row = sample.get(left);
      var naive = naive();
      naive.leaveOutAs(all);
      var own = SmallRelease.placeOf(PREFIX, row);
      sample.stream()
          .filter(other -> !own.contains(other))
          .forEach(o -> naive.add(o.cp(), o.text()));
      var cps = own.stream().mapToInt(o -> index.cpCodes().indexOf(o.cp())).toArray();
      var texts = own.stream().map(SmallRelease.Counted::text).toArray(String[]::new);
      var features = Features.ofAll();

      features.read(index, VOTES, OwnPlace.of(index, cps, texts), row.text());

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

  /** Columns that count candidates above or beside one: of ties, which rounding must not part. */
  @ParameterizedTest(name = "\"{0}\"")
  @MethodSource("texts")
  void comparesEachCandidateWithTheOthers(String text) {
    var features = Features.ofAll();
    features.read(index, VOTES, null, text);
    var all = IntStream.range(0, features.candidates()).boxed().toList();

    for (int i : all) {
      long firsts =
          COMPARED.stream()
              .filter(name -> value(features, i, name) != 0)
              .filter(
                  name ->
                      all.stream()
                          .allMatch(j -> value(features, j, name) <= value(features, i, name)))
              .count();
      float own = value(features, i, "learned_share");
      int pincode = index.cpPincode(features.cp(i));
      var others = all.stream().filter(j -> j != i).toList();
      double nextDoor =
          others.stream()
              .filter(j -> Math.abs(index.cpPincode(features.cp(j)) - pincode) <= 2)
              .mapToDouble(j -> value(features, j, "learned_share"))
              .sum();
      double nearby =
          others.stream()
              .filter(j -> index.cpPincode(features.cp(j)) / 100 == pincode / 100)
              .mapToDouble(j -> value(features, j, "learned_share"))
              .sum();

      assertThat(value(features, i, "firsts")).isEqualTo(firsts);
      assertThat(value(features, i, "learned_rank"))
          .isEqualTo(all.stream().filter(j -> value(features, j, "learned_share") > own).count());
      assertThat((double) value(features, i, "learned_next_door"))
          .isCloseTo(nextDoor, within(CLOSE));
      assertThat((double) value(features, i, "learned_nearby"))
          .isCloseTo(nearby / Math.max(1e-6, 1 - own), within(CLOSE));
    }
  }

  /** Five at least, and their rows are those that they have among all candidates. */
  @ParameterizedTest(name = "\"{0}\"")
  @MethodSource("texts")
  void contendersAreTheCandidatesThatTheVotesDoNotRuleOut(String text) {
    var all = Features.ofAll();
    var features = new Features(1);
    all.read(index, VOTES, null, text);

    features.read(index, VOTES, null, text);

    var contenders =
        IntStream.range(0, all.candidates())
            .filter(
                i ->
                    value(all, i, "learned") >= -1
                        || value(all, i, "learned_rank") < LEAST_CONTENDERS)
            .boxed()
            .toList();
    assertThat(features.candidates()).isEqualTo(all.candidates());
    assertThat(IntStream.range(0, features.contenders()).map(features::contender).boxed())
        .containsExactlyElementsOf(contenders);
    for (int k = 0; k < contenders.size(); k++) {
      for (var name : Features.NAMES) {
        assertThat(value(features, k, name))
            .as(name)
            .isEqualTo(value(all, contenders.get(k), name));
      }
    }
    double sum = 0;
    for (int i = 0; i < features.candidates(); i++) {
      assertThat(features.share(i)).isEqualTo(value(all, i, "learned_share"));
      sum += features.share(i);
    }
    assertThat(sum).isCloseTo(1, within(CLOSE));
  }

  @Test
  void theCpsOfThePincodesAreContenders() {
    var many = manyCps(40);
    var features = new Features(0);

    features.read(many, VOTES, null, "word13 word14 word15 other1", 560039, 560999);

    var contenders =
        IntStream.range(0, features.contenders())
            .map(k -> features.cp(features.contender(k)))
            .boxed()
            .toList();
    assertThat(contenders).contains(38, 39).hasSizeLessThan(features.candidates());
  }

  @Test
  void learnedVotesPreferTheOneThatHasTheText() {
    var features = Features.ofAll();
    int first = 0;
    var rows = SmallRelease.rows(PREFIX);
    for (var row : rows) {
      features.read(index, trained, null, row.text());
      for (int i = 0; i < features.candidates(); i++) {
        boolean right = index.cpCode(features.cp(i)).equals(row.cp());
        if (right && value(features, i, "learned_margin") > 0) first++;
      }
    }

    assertThat(first).isGreaterThan(rows.size() * 3 / 4);
  }

  @Test
  void everyFeatureIsANumber() {
    var random = new Random(9);
    var features = Features.ofAll();
    var texts = new ArrayList<String>();
    for (var prefix : SmallRelease.PREFIXES) {
      SmallRelease.rows(prefix).forEach(row -> texts.add(row.text()));
    }
    for (int i = 0; i < 2_000; i++) texts.add(oddText(random));

    for (var text : texts) {
      features.read(index, trained, null, text, 575001);
      assertNumbers(features, text);
    }
  }

  @ParameterizedTest(name = "\"{0}\"")
  @ValueSource(strings = {"", "575004", "9876543210 575004", "1 2 3", "kadri", "zzyzx", "कद्री"})
  void everyFeatureIsANumberWithOneCandidateAndWithoutOffices(String text) {
    var features = Features.ofAll();
    for (int cps : new int[] {1, 2, 3}) {
      var few = manyCps(cps);
      features.read(few, VOTES, null, text);

      assertThat(features.candidates()).isEqualTo(cps);
      assertNumbers(features, text);
      for (int i = 0; i < cps; i++) {
        assertThat(value(features, i, "own_office_like")).isZero();
        assertThat(value(features, i, "own_office_alike")).isZero();
        assertThat(value(features, i, "office_like")).isZero();
        assertThat(value(features, i, "office_alike")).isZero();
        assertThat(value(features, i, "own_office_end")).isEqualTo(-1);
      }
    }
  }

  @ParameterizedTest(name = "\"{0}\"")
  @ValueSource(strings = {"", "word0 other0", "word0", "zzyzx", "12345"})
  void theOnlyCandidateHasNoMargin(String text) {
    var features = Features.ofAll();

    features.read(manyCps(1), VOTES, null, text);

    for (var name : Features.NAMES) {
      if (name.endsWith("_margin")) assertThat(value(features, 0, name)).as(name).isZero();
    }
    assertThat(value(features, 0, "learned")).isZero();
    assertThat(value(features, 0, "learned_share")).isEqualTo(1);
    assertThat(value(features, 0, "learned_rank")).isZero();
    assertThat(value(features, 0, "learned_next_door")).isZero();
    assertThat(value(features, 0, "learned_nearby")).isZero();
  }

  private static void assertNumbers(Features features, String text) {
    for (int at = 0; at < features.candidates() * Features.COUNT; at++) {
      if (Float.isFinite(features.values()[at])) continue;
      throw new AssertionError(
          "%s of %s is %s"
              .formatted(Features.NAMES.get(at % Features.COUNT), text, features.values()[at]));
    }
  }

  /** Words of addresses among characters that none has, unpaired surrogates among them. */
  private static String oddText(Random random) {
    var text = new StringBuilder();
    for (int n = random.nextInt(40); n > 0; n--) {
      switch (random.nextInt(8)) {
        case 0 -> text.append((char) random.nextInt(1 << 16));
        case 1 -> text.append((char) random.nextInt(128));
        case 2 -> text.append(random.nextInt());
        case 3 -> text.append("po ");
        case 4 -> text.append("near ");
        case 5 -> text.append(WORDS.get(random.nextInt(WORDS.size())));
        case 6 -> text.append(Character.toChars(random.nextInt(Character.MAX_CODE_POINT)));
        default -> text.append(' ');
      }
    }
    return text.toString();
  }

  @Test
  void unknownNGramsDiluteTheCosine() {
    var features = Features.ofAll();
    var text = SmallRelease.rows(PREFIX).get(3).text();
    features.read(index, VOTES, null, text);
    double known = mostOf(features, "cosine_words");
    features.read(index, VOTES, null, text + " zzyzx qwrtp");

    assertThat(known).isPositive();
    assertThat(mostOf(features, "cosine_words")).isLessThan(known);
  }

  private static double mostOf(Features features, String name) {
    return IntStream.range(0, features.candidates())
        .mapToDouble(i -> value(features, i, name))
        .max()
        .orElseThrow();
  }

  @Test
  void choosesTheBestByTextAndTheCpsOfThePincodes() {
    var many = manyCps(40);
    var features = Features.ofAll();

    features.read(many, VOTES, null, "word13 word14 word15 other1");
    var byText = candidates(features);
    features.read(many, VOTES, null, "word13 word14 word15 other1", 560039, 560999);

    assertThat(byText).hasSize(Features.TOP).contains(13, 14, 15).doesNotContain(38, 39);
    var expected = new TreeSet<>(byText);
    expected.addAll(List.of(38, 39)); // one is seen with the pincode, the other owns it
    assertThat(candidates(features)).isEqualTo(expected);
  }

  @Test
  void thePincodeIsNoFeature() {
    var without = Features.ofAll();
    var with = Features.ofAll();
    var text = SmallRelease.rows(PREFIX).get(3).text();

    without.read(index, VOTES, null, text);
    with.read(index, VOTES, null, text, 575003);

    assertThat(candidates(with)).isEqualTo(candidates(without));
    assertThat(with.values()).isEqualTo(without.values());
  }

  @Test
  void givesTheSameFeaturesWhenReused() throws IOException {
    var reused = Features.ofAll();
    var other = index("180");
    for (var text : texts()) {
      var fresh = Features.ofAll();
      reused.read(other, VOTES, null, "gandhi nagar jammu", 180004);
      reused.read(index, VOTES, null, text, 575001);
      fresh.read(index, VOTES, null, text, 575001);

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
