package com.cpprediction.prediction;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HtmlTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "M&amp;M Road             | M&M Road",
        "P&T Colony; Pune         | P&T Colony; Pune",
        "600&#32;006              | 600 006",
        "600&#x20;006             | 600 006",
        "600&#X2013;006           | 600–006",
        "A&amp;amp;amp;B          | A&B",
        "A&amp;#45;B              | A-B",
        "Caf&eacute; &Eacute;lan  | Café Élan",
        "&unknown; &; &#; &#x;    | &unknown; &; &#; &#x;",
        "x&#55296;y&#1114112;z    | x y z",
        "Road<br>Pune             | Road Pune",
        "Road<BR />Pune           | Road Pune",
        "<a href='x'>Shop</a>     | ' Shop '",
        "a <5 km> b               | a <5 km> b",
        "<Near> Temple            | <Near> Temple",
        "<b <b <b                 | <b <b <b",
        "Road&lt;br&gt;Pune       | Road Pune",
        "A<!-- note -->B          | A B",
      })
  void decodesEntitiesAndTags(String typed, String decoded) {
    assertThat(Html.decoded(typed)).isEqualTo(decoded);
  }

  @Test
  void readsABlankWithoutItsSemicolon() {
    assertThat(Html.decoded("600&nbsp006&nbsp")).isEqualTo("600\u00a0006\u00a0");
    assertThat(Html.decoded("&nbspx")).isEqualTo("&nbspx");
  }

  @Test
  void returnsPlainTextItself() {
    var plain = "12 MG Road";

    assertThat(Html.decoded(plain)).isSameAs(plain);
  }
}
