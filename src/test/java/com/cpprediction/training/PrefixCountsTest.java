package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.csv.InputException;
import com.cpprediction.model.format.Grams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class PrefixCountsTest {
  private static final PrefixCounts.Options ALL = new PrefixCounts.Options(1, 0, 0, 100);

  private static PrefixCounts counts(PrefixCounts.Options options, List<LabelledRow> rows) {
    var builder = new PrefixCounts.Builder("575", options);
    rows.forEach(row -> builder.add(row, row.address()));
    return builder.build(List.of());
  }

  private static LabelledRow row(String text, String cp) {
    return new LabelledRow(text, "575001", cp);
  }

  private static int count(PrefixCounts counts, String word, String cp) {
    var grams = new Grams().read(word);
    for (int i = 0; i < grams.size(); i++) {
      if (grams.kind(i) != Grams.WORD) continue;
      long key = PrefixCounts.key(grams.fingerprint(i), 0, counts.cps().indexOf(cp));
      int at = Arrays.binarySearch(counts.keys(), key);
      return at < 0 ? 0 : counts.counts()[at];
    }
    throw new AssertionError(word);
  }

  @Test
  void aWeightyAddressMovesItsPlaceAwayFromTheCpsThatHadIt() {
    var before =
        counts(
            ALL,
            List.of(
                row("kadri temple road mallikatta", "A"),
                row("bejai church kadri market", "A"),
                row("hampankatta clock tower circle", "B")));

    var builder = new PrefixCounts.Builder("575", ALL).after(before);
    var moved = row("kadri temple road mallikatta", "B");
    builder.add(moved, moved.address(), KnownOutcome.Kind.CORRECTED.weight());
    var confirmed = row("bejai church kadri market", "A");
    builder.add(confirmed, confirmed.address(), KnownOutcome.Kind.CONFIRMED.weight());
    var after = builder.build(List.of());

    assertThat(count(after, "temple", "A")).isZero();
    assertThat(count(after, "temple", "B")).isEqualTo(PrefixCounts.PER_PLACE);
    assertThat(count(after, "kadri", "A")).isEqualTo(1);
    assertThat(count(after, "church", "A")).isEqualTo(1); // known, and nothing new
    assertThat(after.addresses()).containsExactly(2 - 1 + 1, 1 + 4);
    assertThat(after.places()).containsExactly(1, 3);
    assertThat(after.pincodes().get(575001)).isEqualTo(Map.of(0, 2, 1, 5));
    assertThat(after.sample())
        .extracting(place -> place.texts().get(0))
        .containsExactlyInAnyOrder("bejai church kadri market", "hampankatta clock tower circle");
    assertThat(after.placeKeys()).isEqualTo(before.placeKeys());
  }

  @Test
  void aCpKeepsTheAddressesThatAPlaceOfTheSampleIsLeftOutWith() {
    var texts = List.of("kadri temple road mallikatta", "kadri temple road mallikatta opposite");
    var rows = new ArrayList<LabelledRow>();
    for (var cp : List.of("A", "B", "C", "D", "E", "F")) {
      texts.forEach(text -> rows.add(row(text.replaceAll("(\\w+)", "$1" + cp), cp)));
    }
    var halved = counts(ALL, rows).halved();

    var counts = new PrefixCounts.Builder("575", ALL).after(halved).build(List.of());

    assertThat(counts.sample()).isNotEmpty();
    assertThat(counts.sample())
        .allSatisfy(
            place ->
                assertThat(counts.places()[place.cps().get(0)])
                    .isGreaterThanOrEqualTo(place.texts().size()));
  }

  @Test
  void aWeightyAddressCountsAsManyOfANewPlace() {
    var builder = new PrefixCounts.Builder("575", ALL);
    var row = row("kadri temple road mallikatta", "A");
    builder.add(row, row.address(), 8);
    builder.add(row, row.address(), 1);
    var counts = builder.build(List.of());

    assertThat(counts.addresses()).containsExactly(9);
    assertThat(counts.places()).containsExactly(PrefixCounts.PER_PLACE);
    assertThat(count(counts, "temple", "A")).isEqualTo(PrefixCounts.PER_PLACE);
    assertThat(counts.sample().get(0).texts())
        .hasSize(PrefixCounts.PER_PLACE); // as many to leave out
  }

  @Test
  void countsNGramsByCp() {
    var counts =
        counts(
            ALL,
            List.of(
                row("kadri temple road", "B"),
                row("bejai church kadri", "A"),
                row("hampankatta clock tower", "B")));

    assertThat(counts.cps()).containsExactly("A", "B");
    assertThat(counts.addresses()).containsExactly(1, 2);
    assertThat(counts.places()).containsExactly(1, 2);
    assertThat(count(counts, "kadri", "A")).isEqualTo(1);
    assertThat(count(counts, "kadri", "B")).isEqualTo(1);
    assertThat(count(counts, "tower", "A")).isZero();
    assertThat(counts.pincodes())
        .isEqualTo(new TreeMap<>(Map.of(575001, new TreeMap<>(Map.of(0, 1, 1, 2)))));
  }

  @Test
  void aKeyHoldsFingerprintGroupAndCp() {
    long before = -1;
    for (int fingerprint : new int[] {0, 1, Integer.MAX_VALUE, Integer.MIN_VALUE, -1}) {
      for (int group = 0; group < 3; group++) {
        for (int cp : new int[] {0, 1, 300, PrefixCounts.MAX_CPS}) {
          long key = PrefixCounts.key(fingerprint, group, cp);

          assertThat(PrefixCounts.fingerprint(key)).isEqualTo(fingerprint);
          assertThat(PrefixCounts.group(key)).isEqualTo(group);
          assertThat(PrefixCounts.cp(key)).isEqualTo(cp);
          assertThat(key).as("ascends").isGreaterThan(before);
          before = key;
        }
      }
    }
  }

  @Test
  void countsEveryKindInItsGroup() {
    var counts = counts(ALL, List.of(row("kadri temple road", "A")));
    var grams = new Grams().read("kadri temple road");

    var expected = new TreeSet<Long>();
    for (int i = 0; i < grams.size(); i++) {
      expected.add(PrefixCounts.key(grams.fingerprint(i), Grams.group(grams.kind(i)), 0));
    }
    assertThat(counts.keys()).containsExactly(expected.stream().mapToLong(k -> k).toArray());
    assertThat(Arrays.stream(counts.keys()).mapToInt(PrefixCounts::group).distinct())
        .containsExactlyInAnyOrder(0, 1, 2);
  }

  @Test
  void repeatsOfAPlaceWeighAsTwo() {
    var rows = new ArrayList<LabelledRow>();
    for (int i = 0; i < 50; i++) rows.add(row("kadri temple road mangalore", "A"));
    rows.add(row("kadri temple road mangalore", "B"));

    var counts = counts(ALL, rows);

    assertThat(counts.addresses()).containsExactly(50, 1);
    assertThat(counts.places()).containsExactly(2, 1);
    assertThat(count(counts, "kadri", "A")).isEqualTo(PrefixCounts.PER_PLACE);
    assertThat(count(counts, "kadri", "B")).isEqualTo(1);
  }

  @Test
  void heldBackPlacesAreNotCounted() {
    var rows = new ArrayList<LabelledRow>();
    for (int i = 0; i < 400; i++) {
      rows.add(row("place%d near%d street%d".formatted(i, i, i), "A"));
      rows.add(row("place%d near%d street%d lane".formatted(i, i, i), "B"));
    }

    var counts = counts(new PrefixCounts.Options(1, 0.25, 30, 100), rows);

    int counted = Arrays.stream(counts.addresses()).sum();
    assertThat(counted).isBetween(540, 660).isEven(); // both addresses of a place, or none
    assertThat(counts.held()).hasSize(30);
    for (var held : counts.held()) {
      assertThat(count(counts, held.address().split(" ")[0], "A")).isZero();
    }
  }

  @Test
  void boundsItsSample() {
    var rows = new ArrayList<LabelledRow>();
    for (int i = 0; i < 1_000; i++) rows.add(row("a%d b%d c%d".formatted(i, i, i), "A"));

    var small = counts(new PrefixCounts.Options(1, 0, 0, 50), rows).sample();
    var large = counts(new PrefixCounts.Options(1, 0, 0, 200), rows).sample();

    assertThat(small).hasSize(50);
    assertThat(large).hasSize(200);
    double last = small.stream().mapToDouble(PrefixCounts.Place::order).max().orElseThrow();
    assertThat(large.stream().filter(place -> place.order() <= last).map(PrefixCounts.Place::texts))
        .isEqualTo(small.stream().map(PrefixCounts.Place::texts).toList());
  }

  @Test
  void continuesFromEarlierCounts() {
    var first = List.of(row("kadri temple road", "B"), row("bejai church street", "A"));
    var second = List.of(row("hampankatta clock tower", "C"), row("kadri temple road", "B"));
    var together = new ArrayList<>(first);
    together.add(second.get(0));

    var builder = new PrefixCounts.Builder("575", ALL).after(counts(ALL, first));
    second.forEach(row -> builder.add(row, row.address()));
    var continued = builder.build(List.of());
    var whole = counts(ALL, together);

    assertThat(continued.cps()).isEqualTo(whole.cps());
    assertThat(continued.keys()).isEqualTo(whole.keys());
    assertThat(continued.counts()).isEqualTo(whole.counts());
    assertThat(continued.placeKeys()).isEqualTo(whole.placeKeys());
    assertThat(continued.addresses()).containsExactly(1, 2, 1);
    assertThat(continued.sample()).hasSize(3);
  }

  @Test
  void refusesMoreCpsThanAModelHolds() {
    var builder = new PrefixCounts.Builder("575", ALL);
    for (int cp = 0; cp < PrefixCounts.MAX_CPS; cp++) {
      builder.add(row("a" + cp, "CP" + cp), "a" + cp);
    }

    assertThatThrownBy(() -> builder.add(row("one more", "CP"), "one more"))
        .isInstanceOf(InputException.class)
        .hasMessage("Prefix 575 has more than 65535 CPs, which a model can't hold");
  }
}
