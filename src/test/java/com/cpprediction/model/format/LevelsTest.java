package com.cpprediction.model.format;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LevelsTest {
  @Test
  void keepsSmallCountsExactly() {
    for (int count = 1; count <= 128; count++) {
      assertThat(Levels.count(Levels.of(count))).isEqualTo(count);
    }
  }

  @Test
  void roundsLargeCountsToTheNearestLevel() {
    for (int count = 129; count <= 32_768; count++) {
      int near = Levels.count(Levels.of(count));
      assertThat(Math.abs(near - count)).as("%d", count).isLessThanOrEqualTo((int) (count * 0.023));
      for (int level = 0; level < 256; level++) {
        assertThat(Math.abs(Levels.count((byte) level) - count))
            .isGreaterThanOrEqualTo(Math.abs(near - count));
      }
      if (count > 1000) count += 97;
    }
  }

  @Test
  void growsWithTheCount() {
    for (int level = 1; level < 256; level++) {
      assertThat(Levels.count((byte) level)).isGreaterThan(Levels.count((byte) (level - 1)));
    }
  }

  @Test
  void saturates() {
    assertThat(Levels.count(Levels.of(32_769))).isEqualTo(32_768);
    assertThat(Levels.count(Levels.of(Integer.MAX_VALUE))).isEqualTo(32_768);
  }
}
