package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.csv.InputException;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class UnknownCpsTest {
  private static final Set<String> CPS = Set.of("CP1", "CP2");

  @Test
  void namesThemMostFrequentFirst() {
    var found = UnknownCps.of(rows("CP1", "B", "A", "CP2", "C", "C"), CPS, "the release");

    assertThat(found.describe())
        .isEqualTo(
            "4 of 6 rows name a CP that the release lacks, and count as wrong:"
                + " C (2), A (1), B (1)");
    assertThat(found.toJson().encode())
        .isEqualTo(
            "{\"rows\":4,\"cps\":[{\"cp\":\"C\",\"rows\":2},{\"cp\":\"A\",\"rows\":1},"
                + "{\"cp\":\"B\",\"rows\":1}]}");
  }

  @Test
  void countsThoseThatItDoesNotName() {
    var labels = Stream.concat(Stream.of("CP1"), IntStream.range(10, 23).mapToObj(i -> "X" + i));

    var found = UnknownCps.of(rows(labels.toArray(String[]::new)), CPS, "the release");

    assertThat(found.describe())
        .startsWith("13 of 14 rows name a CP")
        .contains("X10 (1), X11 (1)")
        .endsWith("X19 (1) and 3 more");
  }

  @Test
  void saysNothingWhereAllAreKnown() {
    assertThat(UnknownCps.of(rows("CP1", "CP2"), CPS, "the release").describe()).isEmpty();
  }

  @Test
  void refusesRowsOfUnknownCpsOnly() {
    assertThatThrownBy(() -> UnknownCps.of(rows("B", "A", "B"), CPS, "the release"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "3 of 3 rows name a CP that the release lacks, such as \"B\"; its codes are such as"
                + " \"CP1\". Name the release that was trained on these CPs, or put its codes into"
                + " the column cp_code");
  }

  private static List<LabelledRow> rows(String... cps) {
    return Stream.of(cps).map(cp -> new LabelledRow("Mall Road", "171001", cp)).toList();
  }
}
