package com.cpprediction.terminal;

/** Counts with their nouns. */
public final class Plurals {
  private Plurals() {}

  /** As {@link #count(long, String, String)}, of a noun whose plural ends in s. */
  public static String count(long count, String one) {
    return count(count, one, one + "s");
  }

  /** Such as {@code 1 row} and {@code 2 rows}. */
  public static String count(long count, String one, String several) {
    return count + " " + (count == 1 ? one : several);
  }
}
