package com.cpprediction.model.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FuzzyTest {
  private static Fuzzy find(Fuzzy fuzzy, String name) {
    var bytes = name.getBytes(StandardCharsets.US_ASCII);
    fuzzy.find(bytes, 0, bytes.length);
    return fuzzy;
  }

  private static Fuzzy read(String text) {
    var fuzzy = new Fuzzy();
    fuzzy.read(text, Grams.LONG_NUMBER);
    return fuzzy;
  }

  @ParameterizedTest(name = "{1} in \"{0}\": {2} errors, ends at {3}")
  @CsvSource({
    "near kadri temple,kadri,0,9",
    "near kadritemple,kadri,1,9", // ends inside a word
    "nearkadri temple,kadri,1,9", // begins inside a word
    "nearkadritemple,kadri,2,9",
    "near kadre temple,kadri,1,9",
    "near kadi temple,kadri,1,8",
    "near kadhri temple,kadri,1,10",
    "kad ri,kadri,0,5", // blanks don't count
    "kadri kadri,kadri,0,10", // of equal matches the last
    "kadri 575004,kadri,0,5",
    "575004kadri,kadri,0,5",
    "kadri5750,kadri,1,5",
    "bejai,kadri,4,5",
    "xyz,kadri,5,3",
    "'',kadri,5,0",
    "575004 9876543210,kadri,5,0",
    "k,kadri,4,1",
    "a,a,0,1",
    "ba,a,1,2",
    "b,a,1,1",
    "कादरी kadri,kadri,0,10",
  })
  void findsTheBestMatch(String text, String name, int errors, int end) {
    var fuzzy = find(read(text), name);

    assertThat(fuzzy.errors()).isEqualTo(errors);
    assertThat(fuzzy.end()).isEqualTo(end);
  }

  /** Few letters, so that many matches are nearly as good; names of every length up to 64. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42})
  void findsWhatTheDynamicProgrammeFinds(long seed) {
    var random = new Random(seed);
    var fuzzy = new Fuzzy();
    for (int round = 0; round < 600; round++) {
      var text = text(random);
      var naive = new NaiveSearch(text);
      fuzzy.read(text, Grams.LONG_NUMBER);
      assertThat(fuzzy.length()).isEqualTo(naive.length());
      for (int i = 0; i < 6; i++) {
        var name = name(random, text, 1 + random.nextInt(Fuzzy.LONGEST));

        find(fuzzy, name);

        naive.find(name);
        var bytes = name.getBytes(StandardCharsets.US_ASCII);
        assertThat(fuzzy.pairs(bytes, 0, bytes.length)).isEqualTo((int) naive.pairs(name));
        assertThat(fuzzy.errors()).as("%s in %s", name, text).isEqualTo(naive.errors());
        assertThat(fuzzy.end()).as("%s in %s", name, text).isEqualTo(naive.end());
      }
    }
  }

  @Test
  void findsNamesOfEveryLength() {
    var random = new Random(5);
    for (int length = 1; length <= Fuzzy.LONGEST; length++) {
      var name = letters(random, length, 4);
      var text = "xx " + name + " yy";

      assertThat(find(read(text), name).errors()).isZero();
      assertThat(find(read(text), name).end()).isEqualTo(2 + length);
      assertThat(find(read("xx" + name + "yy"), name).errors())
          .isEqualTo(new NaiveSearch("xx" + name + "yy").find(name).errors());
      assertThat(find(read(name.substring(length / 2)), name).errors())
          .isEqualTo(new NaiveSearch(name.substring(length / 2)).find(name).errors());
    }
  }

  @Test
  void findsANameInsideAnArray() {
    var names = "bejaikadrikavoor".getBytes(StandardCharsets.US_ASCII);
    var fuzzy = read("kadri kavoor");

    fuzzy.find(names, 5, 10);

    assertThat(fuzzy.errors()).isZero();
    assertThat(fuzzy.end()).isEqualTo(5);
  }

  @Test
  void aNameLeavesNothingBehind() {
    var reused = read("kadri temple");

    for (var other : new String[] {"temple", "k".repeat(64), "elpmetirdak", "a"}) {
      find(reused, other);
    }

    assertThat(find(reused, "kadri").errors()).isZero();
    assertThat(find(reused, "zzzzz").errors())
        .isEqualTo(find(read("kadri temple"), "zzzzz").errors());
  }

  @Test
  void aTextLeavesNothingBehind() {
    var reused = read("kadri ".repeat(200));
    assertThat(find(reused, "kadri").end()).isEqualTo(1_000);

    reused.read("bejai", Grams.LONG_NUMBER);

    assertThat(reused.length()).isEqualTo(5);
    assertThat(find(reused, "kadri").errors()).isEqualTo(find(read("bejai"), "kadri").errors());
    reused.read("", Grams.LONG_NUMBER);
    assertThat(reused.length()).isZero();
    assertThat(find(reused, "kadri").errors()).isEqualTo(5);
  }

  /** Words of few letters, short and long numbers, letters beyond ASCII, also nothing. */
  private static String text(Random random) {
    var text = new StringBuilder();
    for (int words = random.nextInt(12); words > 0; words--) {
      switch (random.nextInt(8)) {
        case 0 -> text.append(1_000_000L + random.nextInt(1_000_000));
        case 1 -> text.append(random.nextInt(10_000));
        case 2 -> text.append("मार्ग");
        default -> text.append(letters(random, 1 + random.nextInt(9), 3));
      }
      if (random.nextInt(6) > 0) text.append(' ');
    }
    return text.toString().strip();
  }

  /** A part of the text with some changes, or other letters. */
  private static String name(Random random, String text, int length) {
    var plain = String.join("", NaiveGrams.split(text)).replaceAll("[^a-z0-9]", "");
    if (plain.isEmpty() || random.nextInt(3) == 0) return letters(random, length, 3);
    int start = random.nextInt(plain.length());
    var part = new StringBuilder(plain.substring(start, Math.min(plain.length(), start + length)));
    for (int changes = random.nextInt(4); changes > 0; changes--) {
      int at = random.nextInt(part.length());
      switch (random.nextInt(3)) {
        case 0 -> part.setCharAt(at, (char) ('a' + random.nextInt(3)));
        case 1 -> part.insert(at, (char) ('a' + random.nextInt(3)));
        default -> part.delete(at, part.length() > 1 ? at + 1 : at);
      }
    }
    return part.substring(0, Math.min(part.length(), Fuzzy.LONGEST));
  }

  private static String letters(Random random, int length, int kinds) {
    var letters = new StringBuilder();
    for (int i = 0; i < length; i++) letters.append((char) ('a' + random.nextInt(kinds)));
    return letters.toString();
  }
}
