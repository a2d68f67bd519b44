package com.cpprediction.prediction;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class CatalogTest {
  private final Catalog catalog =
      new Catalog(Map.of("560", "a", "5600", "b", "411033", "c"), Locator.NONE);

  @Test
  void takesTheLongestPrefixThatHasAModel() {
    assertThat(catalog.prefixOf("560017")).isEqualTo("5600");
    assertThat(catalog.prefixOf("560117")).isEqualTo("560");
    assertThat(catalog.prefixOf("411033")).isEqualTo("411033");
  }

  @Test
  void knowsNoPrefixOfAnotherPlace() {
    assertThat(catalog.prefixOf("411034")).isNull();
    assertThat(new Catalog(Map.of(), Locator.NONE).prefixOf("560017")).isNull();
  }
}
