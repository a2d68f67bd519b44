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
    assertThat(repeated(grams, Grams.CHARS))
        .isEqualTo(count(new Grams().read("gandhi"), Grams.CHARS));
    assertThat(repeated(grams, Grams.SKELETON)).isEqualTo(1);
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

  @ParameterizedTest(name = "\"{0}\" and \"{1}\"")
  @CsvSource({
    "andheri east,andherieast",
    "zakir,jakir",
    "faridabad,pharidabad",
    "wakad,vaakhad",
    "qutub vihar,kutubvihar",
    "maxwell,makvel",
    "bommanahalli,bomnhali",
    "sion koliwada,koliwada",
  })
  void spellingsOfANameShareASkeleton(String one, String other) {
    var shared = skeletons(one);
    shared.retainAll(skeletons(other));

    assertThat(shared).isNotEmpty();
  }

  @ParameterizedTest(name = "\"{0}\" has {1} skeletons")
  @CsvSource({
    "kadri,1",
    "road,0",
    "main road,0",
    "kadri road,2",
    "near kadri,2",
    "area kadri,2",
    "aea kadri,1",
    "sector15,0",
    "kadri 5 road,1",
    "kadri 575004 road,2",
    "kadri kadri,2",
    "ab cd ef,0",
    "abc cde fgh,2",
    "गांधी,0",
    "kadri-x,0",
  })
  void aWordOfThreeConsonantsAndTwoNeighboursOfFourHaveASkeleton(String text, int skeletons) {
    assertThat(count(new Grams().read(text), Grams.SKELETON)).isEqualTo(skeletons);
    assertThat(NaiveGrams.skeletons(text)).hasSize(skeletons);
  }

  @Test
  void skeletonsTellWordsOfOtherConsonantsApart() {
    assertThat(skeletons("kadri")).doesNotContainAnyElementsOf(skeletons("kavoor"));
  }

  @Test
  void wordsOnlyHaveNoSkeletons() {
    assertThat(counts(new Grams().readWords("kadri temple road")).keySet())
        .containsExactlyInAnyOrder(Grams.WORD, Grams.WORD_PAIR);
  }

  @Test
  void knowsTheWordInWhichEachNGramOccursFirst() {
    var random = new Random(11);
    var grams = new Grams();
    for (int round = 0; round < 100; round++) {
      var text = text(random, 1 + random.nextInt(60));
      var words = NaiveGrams.split(text);
      grams.read(text);

      int last = 0;
      for (int i = 0; i < grams.size(); i++) {
        assertThat(grams.word(i)).isBetween(last, words.size() - 1);
        last = grams.word(i);
        var own = new Grams().read(words.get(grams.word(i)));
        assertThat(grams.kind(grams.wordGram(i))).isEqualTo(Grams.WORD);
        assertThat(grams.fingerprint(grams.wordGram(i))).isEqualTo(own.fingerprint(0));
      }
      assertThat(placesByKind(grams)).isEqualTo(naivePlacesByKind(text));
    }
  }

  @ParameterizedTest(name = "\"{0}\" names \"{1}\"")
  @CsvSource({
    "near kadri temple road,kadri temple",
    "opp clock tower,clock tower",
    "nr kadri opposite bejai church,kadri bejai church",
    "next to kadri,to kadri",
    "beside po kavoor,''",
    "po kavoor near kadri,kadri",
    "near near kadri,kadri",
    "nearby kadri,''",
    "kadri near,''",
  })
  void aLandmarkFollowsItsCue(String text, String landmark) {
    assertThat(cued(new Grams().read(text), Grams.LANDMARK)).isEqualTo(wordsAndChars(landmark));
  }

  @Test
  void anNGramHasTheCuesOfAllItsOccurrences() {
    var grams = new Grams().read("kadri po kadri near kadri dist kadri");

    assertThat((int) grams.cues(0)).isEqualTo(Grams.POST_OFFICE | Grams.LANDMARK | Grams.REGION);
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

  private static Set<Integer> skeletons(String text) {
    var grams = new Grams().read(text);
    var skeletons = new TreeSet<Integer>();
    for (int i = 0; i < grams.size(); i++) {
      if (grams.kind(i) == Grams.SKELETON) skeletons.add(grams.fingerprint(i));
    }
    return skeletons;
  }

  /** Number of n-grams of each kind that occur first in each word. */
  private static Map<String, Integer> placesByKind(Grams grams) {
    var counts = new HashMap<String, Integer>();
    for (int i = 0; i < grams.size(); i++) {
      counts.merge(grams.kind(i) + " in word " + grams.word(i), 1, Integer::sum);
    }
    return counts;
  }

  private static Map<String, Integer> naivePlacesByKind(String text) {
    var counts = new HashMap<String, Integer>();
    var seen = new HashSet<String>();
    for (var one : NaiveGrams.occurrences(text)) {
      if (!seen.add(one.kind() + one.gram())) continue;
      counts.merge(one.kind() + " in word " + one.at(), 1, Integer::sum);
    }
    return counts;
  }

  /**
   * The fingerprints of the cued words and character n-grams; pairs and joined skeletons cross the
   * cue.
   */
  private static Set<Integer> cued(Grams grams, byte cue) {
    var cued = new TreeSet<Integer>();
    for (int i = 0; i < grams.size(); i++) {
      if (!isOfOneWord(grams.kind(i))) continue;
      if (grams.isCued(i, cue)) cued.add(grams.fingerprint(i));
    }
    return cued;
  }

  private static Set<Integer> wordsAndChars(String text) {
    var grams = new Grams().read(text);
    var all = new TreeSet<Integer>();
    for (int i = 0; i < grams.size(); i++) {
      if (isOfOneWord(grams.kind(i))) all.add(grams.fingerprint(i));
    }
    return all;
  }

  private static boolean isOfOneWord(byte kind) {
    return kind == Grams.WORD || kind == Grams.CHARS;
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
    counts.put(Grams.SKELETON, NaiveGrams.skeletons(text).size());
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
