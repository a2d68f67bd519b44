package com.cpprediction.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TextTablesTest {
  private static final List<List<String>> ROWS =
      List.of(
          List.of("state, in words", "p50 ms", ""),
          List.of("all-but-caching – a", "≥1.25", "×2.00 (1.90–2.10) +"),
          List.of("", "12", ""));

  @Test
  void alignsFiguresRight() {
    assertThat(TextTables.figures(ROWS).lines())
        .containsExactly(
            "state, in words      p50 ms",
            "all-but-caching – a   ≥1.25  ×2.00 (1.90–2.10) +",
            "                         12");
  }

  @Test
  void alignsWordsLeft() {
    assertThat(TextTables.words(ROWS).lines())
        .containsExactly(
            "state, in words      p50 ms",
            "all-but-caching – a  ≥1.25   ×2.00 (1.90–2.10) +",
            "                     12");
  }

  @Test
  void breaksNoLine() {
    var text = "postgresql://cp@db/cp?a-b=c " + "x y-".repeat(100);

    assertThat(TextTables.words(List.of(List.of("k", text), List.of(text, "v"))).lines())
        .containsExactly("k" + " ".repeat(text.length() + 1) + text, text + "  v");
  }
}
