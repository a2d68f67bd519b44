package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutcomeRowsTest {
  private static final Instant CUT = Instant.parse("2026-11-01T00:00:00Z");

  @TempDir private Path dir;

  private final List<KnownOutcome> outcomes = new ArrayList<>();
  private final FaultCounts faults = new FaultCounts();

  /** Counts of prefix 575: four addresses of A in 575001, one in 575002, and one of B in 575003. */
  private static TreeMap<String, PrefixCounts> release() {
    var builder = new PrefixCounts.Builder("575", new PrefixCounts.Options(1, 0, 0, 100));
    var pincodes = List.of("575001", "575002", "575001", "575001", "575001", "575003");
    for (int i = 0; i < pincodes.size(); i++) {
      var text = "word%d other%d third%d".formatted(i, i, i);
      builder.add(new LabelledRow(text, pincodes.get(i), i == 5 ? "B" : "A"), text);
    }
    return new TreeMap<>(Map.of("575", builder.build(List.of())));
  }

  private void add(String cp, @Nullable String predicted, String... pincodes) {
    outcomes.add(
        new KnownOutcome(
            "Temple Road " + outcomes.size(),
            pincodes.length == 0 ? null : pincodes[0],
            Arrays.asList(pincodes),
            "575",
            cp,
            predicted,
            CUT.minusSeconds(1_000 - outcomes.size()),
            false));
  }

  private OutcomeRows read(RowStore store, Instant cut, long newest) {
    var rows = new OutcomeRows(outcomes::forEach, cut, newest, release());
    rows.appendTo(store, 1, faults);
    store.finish();
    return rows;
  }

  private static List<InputRow> rows(RowStore store, String prefix) {
    var rows = new ArrayList<InputRow>();
    for (int i = 0; i < store.blocks(prefix); i++) {
      var block = new RowCodec.Decoder(store.block(prefix, i));
      while (block.hasNext()) rows.add(block.next());
    }
    return rows;
  }

  @Test
  void takesAPincodeOfThePrefixOfTheCp() {
    add("A", "A", "400001", "575002"); // the second lies in the prefix of the CP
    add("A", "B", "400001"); // a wrong pincode, corrected
    add("A", null); // none: the usual one of the CP

    try (var store = new RowStore(dir, 1 << 20)) {
      read(store, CUT, 0);

      assertThat(store.prefixes()).containsExactly("575");
      assertThat(rows(store, "575"))
          .extracting(row -> row.row().pincode())
          .containsExactly("575002", "575001", "575001");
      assertThat(rows(store, "575"))
          .extracting(InputRow::weight)
          .containsExactly(
              KnownOutcome.Kind.CONFIRMED.weight(),
              KnownOutcome.Kind.CORRECTED.weight(),
              KnownOutcome.Kind.CORRECTED.weight());
    }
  }

  @Test
  void learnsANewCpFromThreeOutcomesAndNamesThoseThatLookClosed() {
    for (int i = 0; i < 40; i++) add("A", "A", "575001");
    for (int i = 0; i < 3; i++) add("NEW", "A", "575001");
    for (int i = 0; i < 2; i++) add("SLIP", "A", "575001");

    try (var store = new RowStore(dir, 1 << 20)) {
      var report = read(store, CUT, 0).report();

      assertThat(report.outcomes()).isEqualTo(43);
      assertThat(report.namedNewCps()).containsExactly("NEW");
      assertThat(report.rareCps()).isEqualTo(1);
      assertThat(report.rareOutcomes()).isEqualTo(2);
      assertThat(report.namedClosedCps()).containsExactly("B"); // 43 / 6 outcomes expected
      assertThat(faults.report((number, line) -> "an outcome").get(0).count()).isEqualTo(2);
    }
  }

  @Test
  void keepsTheNewestAsTheyWereAskedAndLearnsThemNot() {
    add("A", "A", "400001");
    add("A", "B");
    var cut = outcomes.get(1).reportedAt();

    try (var store = new RowStore(dir, 1 << 20)) {
      var rows = read(store, cut, 1);

      assertThat(store.rows("575")).isEqualTo(1);
      assertThat(rows.newest()).extracting(LabelledRow::cp).containsExactly("A");
      assertThat(rows.queries()).extracting(Query::pincode).containsExactly((String) null);
      assertThat(rows.report().newest()).isEqualTo(1);
    }
  }
}
