package com.cpprediction.model.format;

import java.util.Arrays;

/**
 * Codes counts as one byte: 1 to 128 exactly, larger ones within 2.2 %, saturated at 32,768. The
 * byte is unsigned; a larger count has no smaller level.
 */
public final class Levels {
  private static final int EXACT = 128;
  private static final double STEPS_PER_DOUBLING = 16;

  /** The counts by level. */
  private static final int[] COUNTS = new int[256];

  static {
    for (int level = 0; level < COUNTS.length; level++) {
      double doublings = (level - (EXACT - 1)) / STEPS_PER_DOUBLING;
      COUNTS[level] =
          level < EXACT ? level + 1 : (int) Math.round(EXACT * StrictMath.pow(2, doublings));
    }
  }

  private Levels() {}

  /** The count of the unsigned byte {@code level}. */
  public static int count(byte level) {
    return COUNTS[Byte.toUnsignedInt(level)];
  }

  /**
   * The level whose count is nearest to {@code count}.
   *
   * @param count at least 1
   */
  public static byte of(int count) {
    int at = Arrays.binarySearch(COUNTS, count);
    if (at >= 0) return (byte) at;
    int above = -at - 1;
    if (above == COUNTS.length) return (byte) (COUNTS.length - 1);
    return (byte) (COUNTS[above] - count < count - COUNTS[above - 1] ? above : above - 1);
  }
}
