package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.format.PrefixIndex;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class RarityTest {
  private final Rarity rarity =
      new Rarity(List.of(new int[] {1, 2, -3}, new int[] {1, -3}, new int[] {1}));

  @Test
  void isTheLogarithmOfTheShareOfPrefixes() {
    assertThat(rarity.steps(1)).isEqualTo(steps(4 / 3.5));
    assertThat(rarity.steps(-3)).isEqualTo(steps(4 / 2.5));
    assertThat(rarity.steps(2)).isEqualTo(steps(4 / 1.5));
  }

  @Test
  void isHighestForAnUnknownNGram() {
    assertThat(rarity.steps(99)).isEqualTo(steps(4 / 0.5));
  }

  @Test
  void saturatesAtAByte() {
    var many = new Rarity(Collections.nCopies(2_000, new int[] {7}));

    assertThat(many.steps(8)).isEqualTo(255); // ln(4002) * 32 is 265
    assertThat(many.steps(7)).isZero();
  }

  private static int steps(double ratio) {
    return (int) Math.rint(Math.log(ratio) * PrefixIndex.RARITY_STEPS);
  }
}
