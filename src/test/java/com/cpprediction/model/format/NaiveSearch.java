package com.cpprediction.model.format;

import java.util.HashSet;
import java.util.stream.IntStream;

/** A slow reference implementation of {@link Fuzzy}: the dynamic programme of Sellers (1980). */
final class NaiveSearch {
  private final String text; // without blanks
  private final boolean[] border; // before each character, and at the end
  private int errors;
  private int end;

  /**
   * @param canonical runs of five or more digits are left out
   */
  NaiveSearch(String canonical) {
    var words = NaiveGrams.split(canonical);
    text = String.join("", words);
    border = new boolean[text.length() + 1];
    int at = 0;
    for (var word : words) {
      border[at] = true;
      at += word.length();
    }
    border[at] = true;
  }

  int length() {
    return text.length();
  }

  NaiveSearch find(String name) {
    var cost = new int[name.length() + 1][text.length() + 1];
    for (int j = 0; j <= text.length(); j++) cost[0][j] = inside(j);
    for (int i = 1; i <= name.length(); i++) {
      cost[i][0] = i;
      for (int j = 1; j <= text.length(); j++) {
        int change = name.charAt(i - 1) == text.charAt(j - 1) ? 0 : 1;
        cost[i][j] =
            Math.min(cost[i - 1][j - 1] + change, 1 + Math.min(cost[i - 1][j], cost[i][j - 1]));
      }
    }
    errors = name.length();
    end = 0;
    for (int j = 1; j <= text.length(); j++) {
      int all = cost[name.length()][j] + inside(j);
      if (all > errors) continue;
      errors = all;
      end = j;
    }
    return this;
  }

  /** Pairs of neighbours of a name that the text has: of characters, by their last five bits. */
  long pairs(String name) {
    var pairs = new HashSet<String>();
    for (int i = 1; i < text.length(); i++) pairs.add(pair(text, i));
    return IntStream.range(1, name.length()).filter(i -> pairs.contains(pair(name, i))).count();
  }

  private static String pair(String of, int i) {
    return Math.min(128, of.charAt(i - 1)) % 32 + " " + Math.min(128, of.charAt(i)) % 32;
  }

  private int inside(int at) {
    return border[at] ? 0 : 1;
  }

  int errors() {
    return errors;
  }

  int end() {
    return end;
  }
}
