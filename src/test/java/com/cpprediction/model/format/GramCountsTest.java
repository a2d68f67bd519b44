package com.cpprediction.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.model.format.ModelFile.Section;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GramCountsTest {
  /** Counts by fingerprint and place, of n-grams with few and with many places. */
  private static TreeMap<Integer, TreeMap<Integer, Integer>> random(int grams, int places) {
    var random = new SplittableRandom(7);
    var all = new TreeMap<Integer, TreeMap<Integer, Integer>>(Integer::compareUnsigned);
    while (all.size() < grams) {
      var own = new TreeMap<Integer, Integer>();
      int most = random.nextInt(4) == 0 ? places : Math.min(places, 3);
      int size = 1 + random.nextInt(most);
      while (own.size() < size) own.put(random.nextInt(places), 1 + random.nextInt(128));
      if (size == 1) own.replaceAll((place, count) -> 1);
      all.put(random.nextInt(), own);
    }
    return all;
  }

  private static ModelFile file(Map<Integer, TreeMap<Integer, Integer>> counts, int places) {
    var table = new GramCounts.Writer(counts.size(), places);
    counts.forEach(
        (fingerprint, own) ->
            table.add(
                fingerprint,
                own.values().stream().mapToInt(Integer::intValue).sum(),
                fingerprint & 0xff,
                own.keySet().stream().mapToInt(Integer::intValue).toArray(),
                own.values().stream().mapToInt(Integer::intValue).toArray(),
                own.size()));
    var file = new ModelFile.Writer();
    table.putInto(file, Section.GRAM_BUCKET, Section.GRAM_ENTRY, Section.GRAM_LIST);
    return ModelFile.of(file.toBytes());
  }

  private static GramCounts table(ModelFile file, int places) {
    return new GramCounts(
        "test",
        file.section(Section.GRAM_BUCKET).asIntBuffer(),
        file.section(Section.GRAM_ENTRY),
        file.section(Section.GRAM_LIST),
        places);
  }

  @ParameterizedTest(name = "{0} places")
  @ValueSource(ints = {1, 2, 127, 255, 256, 257, 700})
  void readsWhatWasWritten(int places) {
    var expected = random(3_000, places);
    var table = table(file(expected, places), places);

    assertThat(table.size()).isEqualTo(expected.size());
    expected.forEach(
        (fingerprint, own) -> {
          int gram = table.find(fingerprint);
          var read = new TreeMap<Integer, Integer>();
          table.forEach(gram, read::put);
          assertThat(read).isEqualTo(own);
          for (int place = 0; place < places; place++) {
            assertThat(table.count(gram, place)).isEqualTo(own.getOrDefault(place, 0));
          }
          assertThat(table.fingerprint(gram)).isEqualTo(fingerprint);
          assertThat(table.weight(gram)).isEqualTo(fingerprint & 0xff);
          int total = own.values().stream().mapToInt(Integer::intValue).sum();
          assertThat(table.total(gram)).isEqualTo(Levels.count(Levels.of(total)));
          assertThat(table.isSingle(gram)).isEqualTo(total == 1);
        });
  }

  @ParameterizedTest(name = "{0} places")
  @ValueSource(ints = {1, 20, 256, 700})
  void findsTheNGramsOfATextTogether(int places) {
    var text = new Grams().read("h no 12 mandi road near old bus stand mandi himachal pradesh");
    var counts = random(3_000, places);
    var lists = List.copyOf(counts.values());
    for (int i = 0; i < text.size(); i += 2) counts.put(text.fingerprint(i), lists.get(i));
    var table = table(file(counts, places), places);
    var found = new GramCounts.Found();
    var postings = new GramCounts.Postings();

    var asked =
        IntStream.range(0, text.size())
            .filter(i -> text.kind(i) == Grams.WORD || text.kind(i) == Grams.CHARS)
            .toArray();
    table.find(text, asked, asked.length, found);

    for (int i = 0; i < text.size(); i++) {
      boolean isAsked = text.kind(i) == Grams.WORD || text.kind(i) == Grams.CHARS;
      int gram = isAsked ? table.find(text.fingerprint(i)) : -1;
      assertThat(found.gram(i)).isEqualTo(gram);
      assertThat(gram >= 0).isEqualTo(isAsked && i % 2 == 0);
      if (gram < 0) continue;
      assertThat(found.total(i)).isEqualTo(table.total(gram));
      assertThat(found.weight(i)).isEqualTo(table.weight(gram));
      var expected = new TreeMap<Integer, Integer>();
      table.forEach(gram, expected::put);
      var read = new TreeMap<Integer, Integer>();
      table.read(found, i, postings);
      for (int k = 0; k < postings.size; k++) read.put(postings.places[k], postings.counts[k]);
      assertThat(read).isEqualTo(expected);
    }
  }

  @Test
  void findsNoNGramOfATextInAnEmptyTable() {
    var text = new Grams().read("mandi road");
    var found = new GramCounts.Found();

    table(file(Map.of(), 1), 1).find(text, found);

    for (int i = 0; i < text.size(); i++) assertThat(found.gram(i)).isEqualTo(-1);
  }

  @Test
  void doesNotFindAnUnknownNGram() {
    var expected = random(1_000, 20);
    var table = table(file(expected, 20), 20);
    var random = new SplittableRandom(8);

    for (int i = 0; i < 10_000; i++) {
      int fingerprint = random.nextInt();
      assertThat(table.find(fingerprint) >= 0).isEqualTo(expected.containsKey(fingerprint));
    }
  }

  @Test
  void readsAnEmptyTable() {
    assertThat(table(file(Map.of(), 1), 1).find(42)).isEqualTo(-1);
  }

  /** Every byte of the three sections, changed: refused at once, or readable without a fault. */
  @Test
  void neverPointsOutsideItself() {
    var file = file(random(60, 300), 300);
    for (var section : new Section[] {Section.GRAM_BUCKET, Section.GRAM_ENTRY, Section.GRAM_LIST}) {
      int length = file.section(section).limit();
      for (int at = 0; at < length; at++) {
        for (int mask : new int[] {0x01, 0x80, 0xff}) {
          var changed = bytes(file.section(section));
          changed[at] ^= (byte) mask;
          readOrRefuse(file, section, changed);
        }
      }
    }
  }

  private static void readOrRefuse(ModelFile file, Section section, byte[] changed) {
    var content = ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN);
    GramCounts table;
    try {
      table =
          new GramCounts(
              "test",
              (section == Section.GRAM_BUCKET ? content : file.section(Section.GRAM_BUCKET))
                  .asIntBuffer(),
              section == Section.GRAM_ENTRY ? content : file.section(Section.GRAM_ENTRY),
              section == Section.GRAM_LIST ? content : file.section(Section.GRAM_LIST),
              300);
    } catch (ModelException e) {
      assertThat(e).hasMessageStartingWith("the table of test");
      return;
    }
    table.find(new Grams().read("mandi road himachal"), new GramCounts.Found());
    for (int gram = 0; gram < table.size(); gram++) {
      table.forEach(gram, (place, count) -> assertThat(place).isBetween(0, 299));
      table.find(table.fingerprint(gram));
    }
  }

  private static byte[] bytes(ByteBuffer section) {
    var bytes = new byte[section.limit()];
    section.get(bytes);
    return bytes;
  }

  @Test
  void refusesListsThatAreTooLong() {
    var table = new GramCounts.Writer(400, 1 << 16);
    var places = new int[(1 << 16) - 1];
    for (int i = 0; i < places.length; i++) places[i] = i;
    var counts = new int[places.length];
    Arrays.fill(counts, 1);

    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 400; i++) {
                table.add(i, places.length, 0, places, counts, places.length);
              }
            })
        .isInstanceOf(ModelException.class)
        .hasMessage("the lists of a table are too long");
  }
}
