package com.cpprediction.prediction;

import java.util.List;

/**
 * Prefixes by their digits: finds those of a pincode, and those that a typing error of the pincode
 * leads to, without a look at the others. Immutable and thread-safe.
 */
public final class PrefixTable {
  /** Prefixes at most that typing errors of one pincode lead to. */
  public static final int SLIPS = 6 * PincodeEvidence.SLIPS;

  private static final int[] POWERS = {1, 10, 100, 1_000, 10_000, 100_000, 1_000_000};
  private static final int LENGTH = 6; // of a pincode, and so of the longest prefix
  private static final int HASH = 0x9e3779b9; // Fibonacci hashing

  private final List<String> prefixes;
  private final int[] lengths; // that occur, ascending
  private final int[] keys; // a prefix as a number, which tells its length; 0 where none is
  private final int[] indexes;
  private final int shift;

  /**
   * @param prefixes distinct, of one to six digits, the first 1 to 9
   */
  public PrefixTable(List<String> prefixes) {
    this.prefixes = List.copyOf(prefixes);
    lengths = prefixes.stream().mapToInt(String::length).distinct().sorted().toArray();
    int bits = Integer.SIZE - Integer.numberOfLeadingZeros(2 * prefixes.size() + 1);
    shift = Integer.SIZE - bits;
    keys = new int[1 << bits];
    indexes = new int[1 << bits];
    for (int i = 0; i < prefixes.size(); i++) {
      int key = Integer.parseInt(prefixes.get(i));
      int slot = key * HASH >>> shift;
      while (keys[slot] != 0) slot = slot + 1 & keys.length - 1;
      keys[slot] = key;
      indexes[slot] = i;
    }
  }

  /** The prefixes, in the order that they were given in. */
  public List<String> prefixes() {
    return prefixes;
  }

  /** Number of prefixes. */
  public int size() {
    return prefixes.size();
  }

  /** Whether {@code prefix} is one of them. */
  public boolean contains(String prefix) {
    return find(Integer.parseInt(prefix)) >= 0;
  }

  /**
   * The prefixes of {@code pincode}.
   *
   * @param out receives at most six indexes, the shortest prefix first
   * @return their number
   */
  public int of(int pincode, int[] out) {
    int count = 0;
    for (int length : lengths) {
      int i = find(pincode / POWERS[LENGTH - length]);
      if (i >= 0) out[count++] = i;
    }
    return count;
  }

  /**
   * The longest prefix of {@code pincode}.
   *
   * @return its index, or -1 where there is none
   */
  public int longest(int pincode) {
    for (int k = lengths.length - 1; k >= 0; k--) {
      int i = find(pincode / POWERS[LENGTH - lengths[k]]);
      if (i >= 0) return i;
    }
    return -1;
  }

  /**
   * The prefixes that {@code pincode} doesn't have but numbers that differ from it by one typing
   * error have.
   *
   * @param out receives at most {@link #SLIPS} indexes
   * @param errors receives the number of typing errors that lead to each, 1 or 2
   * @return their number
   */
  public int slips(int pincode, int[] out, int[] errors) {
    int count = 0;
    for (int length : lengths) {
      int head = pincode / POWERS[LENGTH - length];
      int behind = length == LENGTH ? -1 : pincode / POWERS[LENGTH - length - 1] % 10;
      int least = POWERS[length - 1];
      int before = -1; // digit to the right of the one in work
      for (int place = 0; place < length; place++) { // from the right
        int power = POWERS[place];
        int digit = head / power % 10;
        for (int other = 0; other < 10; other++) {
          int i = other == digit ? -1 : find(head + (other - digit) * power, least);
          if (i < 0) continue;
          out[count] = i;
          // The last digit and the one behind the prefix may have changed places.
          errors[count++] = place == 0 && other == behind ? 2 : 1;
        }
        if (before >= 0 && before != digit) { // else they would not change
          int i = find(head + (before - digit) * (power - power / 10), least);
          if (i >= 0) {
            out[count] = i;
            errors[count++] = 1;
          }
        }
        before = digit;
      }
    }
    return count;
  }

  private int find(int key, int least) {
    return key < least ? -1 : find(key);
  }

  private int find(int key) {
    for (int slot = key * HASH >>> shift; keys[slot] != 0; slot = slot + 1 & keys.length - 1) {
      if (keys[slot] == key) return indexes[slot];
    }
    return -1;
  }
}
