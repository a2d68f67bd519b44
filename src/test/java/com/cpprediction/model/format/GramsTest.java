package com.cpprediction.model.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

public class GramsTest {
  private record Gram(int fingerprint, byte kind, boolean repeated) {}

  @Test
  void extractsWordsBigramsAndCharacterNGrams() {
    var grams = new Grams().read("main road");

    assertThat(grams.words()).isEqualTo(2);
    assertThat(count(grams, Grams.WORD)).isEqualTo(2);
    assertThat(count(grams, Grams.WORD_PAIR)).isEqualTo(1);
    // of each four-letter word: " ma" "mai" "ain" "in " and " mai" "main" "ain "
    assertThat(count(grams, Grams.CHARS)).isEqualTo(14);
    assertThat(grams.size()).isEqualTo(17);
  }

  @Test
  void spreadsFingerprintsThatShareTheirLowerBits() {
    int shared = 1 << 16; // of more slots than an address can fill
    int mask = (1 << 12) - 1;

    var slots =
        IntStream.range(0, mask / 2)
            .map(i -> Grams.slot(i * shared + 0x1234, 0x9e3779b97f4a7c15L) & mask)
            .boxed()
            .collect(Collectors.groupingBy(slot -> slot, Collectors.counting()));

    assertThat(slots.values()).allSatisfy(together -> assertThat(together).isLessThan(8));
  }

  @ParameterizedTest(name = "\"{0}\" has {1} runs")
  @CsvSource({"a,1", "ab,3", "abc,5", "abcd,7"})
  void extractsTheCharacterNGramsOfAShortWord(String word, int runs) {
    assertThat(count(new Grams().read(word), Grams.CHARS)).isEqualTo(runs);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "   ", "12345", " 560017 9876543210 "})
  void extractsNothingFromTextWithoutAWord(String text) {
    var grams = new Grams().read(text);

    assertThat(grams.words()).isZero();
    assertThat(grams.size()).isZero();
  }

  @ParameterizedTest(name = "\"{0}\" reads as \"{1}\"")
  @CsvSource({
    "plot 12345 main,plot main",
    "plot 560017,plot",
    "9876543210 plot,plot",
    "ab12345cd,ab cd",
    "block12345,block",
    "12345a123456,a",
  })
  void skipsNumbersOfFiveOrMoreDigits(String text, String same) {
    assertThat(all(new Grams().read(text))).isEqualTo(all(new Grams().read(same)));
    assertThat(new Grams().read(text).words()).isEqualTo(new Grams().read(same).words());
  }

  @Test
  void keepsNumbersOfFourDigits() {
    var grams = new Grams().read("plot 1234");

    assertThat(grams.words()).isEqualTo(2);
    assertThat(all(grams)).isNotEqualTo(all(new Grams().read("plot")));
  }

  @Test
  void marksRepeatedNGrams() {
    var grams = new Grams().read("gandhi nagar gandhi road");

    assertThat(grams.words()).isEqualTo(4);
    assertThat(count(grams, Grams.WORD)).isEqualTo(3);
    assertThat(repeated(grams, Grams.WORD)).isEqualTo(1);
    assertThat(repeated(grams, Grams.WORD_PAIR)).isZero();
    assertThat(repeated(grams, Grams.CHARS)).isEqualTo(new Grams().read("gandhi").size() - 1);
  }

  @Test
  void distinguishesBigramsByOrder() {
    assertThat(pairs("main road")).isNotEqualTo(pairs("road main"));
    assertThat(pairs("a bc")).isNotEqualTo(pairs("ab c"));
  }

  @Test
  void distinguishesAWordFromATrigramOfTheSameLetters() {
    var all = all(new Grams().read("abc"));
    var inside = all(new Grams().read("xabcx"));

    var word = all.stream().filter(gram -> gram.kind() == Grams.WORD).findFirst().orElseThrow();
    var shared = new HashSet<>(all);
    shared.retainAll(inside);

    assertThat(shared)
        .hasSize(1)
        .allSatisfy(gram -> assertThat(gram.kind()).isEqualTo(Grams.CHARS));
    assertThat(shared).noneMatch(gram -> gram.fingerprint() == word.fingerprint());
  }

  @Test
  void extractsTheSameNGramsWhenReused() {
    var reused = new Grams();
    var random = new Random(7);
    for (int i = 0; i < 200; i++) {
      var text = text(random, random.nextInt(400));

      assertThat(all(reused.read(text))).isEqualTo(all(new Grams().read(text)));
    }
  }

  @Test
  void extractsTheNGramsOfAVeryLongText() {
    var text = text(new Random(3), 4000);
    assertThat(text.length()).isGreaterThan(18_000);

    var grams = new Grams().read(text);

    assertThat(grams.words()).isEqualTo(4000);
    assertThat(counts(grams)).isEqualTo(naiveCounts(text));
    assertThat(all(grams)).hasSize(grams.size());
  }

  @ParameterizedTest(name = "\"{0}\" names the office \"{1}\" and the region \"{2}\"")
  @CsvSource({
    "po kavoor,kavoor,''",
    "p o kavoor mangalore,kavoor mangalore,''",
    "vpo kavoor mangalore dist udupi,kavoor mangalore,udupi",
    "post kavoor mangalore udupi karnataka,kavoor mangalore,''",
    "dist dakshina kannada karnataka,'',dakshina kannada",
    "kavoor po,'',''",
    "o kavoor,'',''",
    "p kavoor o udupi,'',''",
    "po kavoor teh udupi road,kavoor,udupi road",
    "po tal udupi,'',udupi",
    "so bo kavoor,kavoor,''",
    "po 575015 kavoor,kavoor,''",
    "posted district12 taluks,'',''",
    "kavoor road po kavoor,kavoor,''",
    "dist udupi po udupi,udupi,udupi",
  })
  void aCueMarksTheTwoWordsThatFollow(String text, String office, String region) {
    var grams = new Grams().read(text);

    assertThat(cued(grams, Grams.POST_OFFICE)).isEqualTo(wordsAndChars(office));
    assertThat(cued(grams, Grams.REGION)).isEqualTo(wordsAndChars(region));
  }

  @Test
  void cuesDoNotRemainWhenReused() {
    var grams = new Grams().read("po kavoor dist udupi");

    grams.read("kavoor udupi");

    assertThat(cued(grams, Grams.POST_OFFICE)).isEmpty();
    assertThat(cued(grams, Grams.REGION)).isEmpty();
  }

  /** The fingerprints of the cued words and character n-grams; pairs may cross the cue. */
  private static Set<Integer> cued(Grams grams, byte cue) {
    var cued = new TreeSet<Integer>();
    for (int i = 0; i < grams.size(); i++) {
      if (grams.kind(i) == Grams.WORD_PAIR) continue;
      if (grams.isCued(i, cue)) cued.add(grams.fingerprint(i));
    }
    return cued;
  }

  private static Set<Integer> wordsAndChars(String text) {
    var grams = new Grams().read(text);
    var all = new TreeSet<Integer>();
    for (int i = 0; i < grams.size(); i++) {
      if (grams.kind(i) != Grams.WORD_PAIR) all.add(grams.fingerprint(i));
    }
    return all;
  }

  /** Words of random letters, some of them repeated. */
  private static String text(Random random, int words) {
    var text = new StringBuilder();
    for (int i = 0; i < words; i++) {
      if (i > 0) text.append(' ');
      int length = 2 + random.nextInt(6);
      for (int c = 0; c < length; c++) text.append((char) ('a' + random.nextInt(5)));
    }
    return text.toString();
  }

  private static Map<Byte, Integer> counts(Grams grams) {
    var counts = new HashMap<Byte, Integer>();
    for (int i = 0; i < grams.size(); i++) counts.merge(grams.kind(i), 1, Integer::sum);
    return counts;
  }

  private static Map<Byte, Integer> naiveCounts(String text) {
    var counts = new HashMap<Byte, Integer>();
    NaiveGrams.words(text).keySet().stream()
        .map(gram -> gram.contains(" ") ? Grams.WORD_PAIR : Grams.WORD)
        .forEach(kind -> counts.merge(kind, 1, Integer::sum));
    counts.put(Grams.CHARS, NaiveGrams.chars(text).size());
    return counts;
  }

  private static Set<Gram> all(Grams grams) {
    var all = new HashSet<Gram>();
    for (int i = 0; i < grams.size(); i++) {
      all.add(new Gram(grams.fingerprint(i), grams.kind(i), grams.repeated(i)));
    }
    return all;
  }

  private static Set<Gram> pairs(String text) {
    var pairs = all(new Grams().read(text));
    pairs.removeIf(gram -> gram.kind() != Grams.WORD_PAIR);
    return pairs;
  }

  private static long count(Grams grams, byte kind) {
    return all(grams).stream().filter(gram -> gram.kind() == kind).count();
  }

  private static long repeated(Grams grams, byte kind) {
    return all(grams).stream().filter(gram -> gram.kind() == kind && gram.repeated()).count();
  }
}
