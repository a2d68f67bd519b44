package com.cpprediction.model.format;

/**
 * Finds a name in a text with the least number of characters that differ, blanks ignored: the
 * bit-parallel search of Myers (1999) in the form of Hyyrö (2003). A match that begins or ends
 * inside a word costs one more each. Reusable, allocation-free; not thread-safe.
 */
final class Fuzzy {
  /** Characters of a name that are compared at most. */
  static final int LONGEST = Long.SIZE;

  private static final int ASCII = 128;

  private final long[] where = new long[ASCII]; // of each character in the name
  private char[] text = new char[256]; // without blanks and long numbers
  private boolean[] begins = new boolean[257]; // whether a word begins, or the text ends
  private int length;
  private int errors;
  private int end;

  /**
   * @param canonical text; runs of {@code longNumber} or more digits are left out
   */
  void read(String canonical, int longNumber) {
    if (text.length < canonical.length()) {
      text = new char[2 * canonical.length()];
      begins = new boolean[text.length + 1];
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
        begins[length] = begin;
        begin = false;
        text[length++] = c;
      }
    }
    begins[length] = true;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /** Characters of the text. */
  int length() {
    return length;
  }

  /**
   * Finds the best match, of equal ones the last.
   *
   * @param name ASCII without blanks, from {@code from} to {@code to}, 1 to {@link #LONGEST}
   *     characters
   */
  void find(byte[] name, int from, int to) {
    int size = to - from;
    for (int i = 0; i < size; i++) where[name[from + i]] |= 1L << i;
    long high = 1L << size - 1;
    long plus = -1; // vertical differences of +1
    long minus = 0;
    int distance = size;
    int above = 0; // cost of a match that begins here
    errors = size;
    end = 0;
    for (int i = 0; i < length; i++) {
      int next = begins[i + 1] ? 0 : 1;
      int step = next - above;
      above = next;
      long equal = text[i] < ASCII ? where[text[i]] : 0;
      long vertical = equal | minus;
      if (step < 0) equal |= 1;
      long horizontal = (equal & plus) + plus ^ plus | equal;
      long up = minus | ~(horizontal | plus);
      long down = plus & horizontal;
      if ((up & high) != 0) distance++;
      else if ((down & high) != 0) distance--;
      up <<= 1;
      down <<= 1;
      if (step > 0) up |= 1;
      else if (step < 0) down |= 1;
      plus = down | ~(vertical | up);
      minus = up & vertical;
      int cost = distance + next;
      if (cost <= errors) {
        errors = cost;
        end = i + 1;
      }
    }
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
