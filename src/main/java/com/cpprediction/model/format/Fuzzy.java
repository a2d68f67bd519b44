package com.cpprediction.model.format;

import java.util.Arrays;

/**
 * Finds a name in a text with the least number of characters that differ, blanks ignored: the
 * bit-parallel search of Myers (1999) in the form of Hyyrö (2003). A match that begins or ends
 * inside a word costs one more each. Reusable, allocation-free; not thread-safe.
 */
final class Fuzzy {
  /** Characters of a name that are compared at most. */
  static final int LONGEST = Long.SIZE;

  private static final int ASCII = 128;
  private static final int PAIR_BITS = 5; // of each character: tells letters apart
  private static final int PAIR_MASK = (1 << PAIR_BITS) - 1;

  private final long[] where = new long[ASCII + 1]; // of each character in the name
  private char[] text = new char[256]; // without blanks and long numbers; ASCII for all others
  private byte[] inside = new byte[257]; // 1 within a word, 0 where one begins or the text ends
  private final boolean[] pairs = new boolean[1 << 2 * PAIR_BITS]; // of neighbours in the text
  private int length;
  private int errors;
  private int end;

  /**
   * @param canonical text; runs of {@code longNumber} or more digits are left out
   */
  void read(String canonical, int longNumber) {
    if (text.length < canonical.length()) {
      text = new char[2 * canonical.length()];
      inside = new byte[text.length + 1];
    }
    length = 0;
    boolean begin = true;
    for (int i = 0; i < canonical.length(); ) {
      int digits = i;
      while (digits < canonical.length() && isDigit(canonical.charAt(digits))) digits++;
      if (digits - i >= longNumber) {
        i = digits;
        begin = true;
        continue;
      }
      for (digits = Math.max(digits, i + 1); i < digits; i++) {
        char c = canonical.charAt(i);
        if (c == ' ') {
          begin = true;
          continue;
        }
        inside[length] = (byte) (begin ? 0 : 1);
        begin = false;
        text[length++] = (char) Math.min(c, ASCII);
      }
    }
    inside[length] = 0;
    Arrays.fill(pairs, false);
    for (int i = 1; i < length; i++) pairs[pair(text[i - 1], text[i])] = true;
  }

  private static int pair(int first, int second) {
    return (first & PAIR_MASK) << PAIR_BITS | second & PAIR_MASK;
  }

  /**
   * Counts the pairs of neighbouring characters of a name that the text has, too: the fewer, the
   * less like it any part of the text can be. Takes a hundredth of the time of {@link #find}.
   *
   * @param name as of {@link #find}
   */
  int pairs(byte[] name, int from, int to) {
    int count = 0;
    for (int i = from + 1; i < to; i++) if (pairs[pair(name[i - 1], name[i])]) count++;
    return count;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /** Characters of the text. */
  int length() {
    return length;
  }

  /**
   * Finds the best match, of equal ones the last. Without a branch on a character, since the
   * processor would mispredict several for each name.
   *
   * @param name ASCII without blanks, from {@code from} to {@code to}, 1 to {@link #LONGEST}
   *     characters
   */
  void find(byte[] name, int from, int to) {
    int size = to - from;
    for (int i = 0; i < size; i++) where[name[from + i]] |= 1L << i;
    long plus = -1; // vertical differences of +1
    long minus = 0;
    int distance = size;
    long above = 0; // cost of a match that begins here
    long best = (long) size << Integer.SIZE | length; // its errors, and characters behind it
    for (int i = 0; i < length; i++) {
      long next = inside[i + 1];
      long rise = next & ~above;
      long fall = above & ~next;
      above = next;
      long equal = where[text[i]];
      long vertical = equal | minus;
      equal |= fall;
      long horizontal = (equal & plus) + plus ^ plus | equal;
      long up = minus | ~(horizontal | plus);
      long down = plus & horizontal;
      distance += (int) (up >>> size - 1 & 1) - (int) (down >>> size - 1 & 1);
      up = up << 1 | rise;
      down = down << 1 | fall;
      plus = down | ~(vertical | up);
      minus = up & vertical;
      best = Math.min(best, distance + next << Integer.SIZE | length - 1 - i);
    }
    errors = (int) (best >>> Integer.SIZE);
    end = length - (int) best;
    for (int i = 0; i < size; i++) where[name[from + i]] = 0;
  }

  /** Cost of the last match found; at most the length of the name. */
  int errors() {
    return errors;
  }

  /** End of the last match found in the text; 0 where nothing of it matches. */
  int end() {
    return end;
  }
}
