package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.prediction.Locator;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServingReleaseTest {
  private final ServingRelease release =
      ServingRelease.of(Map.of("560", "a", "5600", "b", "411033", "c"), Locator.NONE);

  @Test
  void takesTheLongestPrefixThatHasAModel() {
    assertThat(release.prefixOf("560017")).isEqualTo("5600");
    assertThat(release.prefixOf("560117")).isEqualTo("560");
    assertThat(release.prefixOf("411033")).isEqualTo("411033");
  }

  @Test
  void knowsNoPrefixOfAnotherPlace() {
    assertThat(release.prefixOf("411034")).isNull();
    assertThat(ServingRelease.of(Map.of(), Locator.NONE).prefixOf("560017")).isNull();
  }
}
