package com.cpprediction.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds the name that a misspelt one stands for. */
final class Suggestion {
  private static final int MAX_LENGTH = 100;

  private Suggestion() {}

  /** The most similar candidate, if it is similar enough to be suggested. */
  static Optional<String> nearest(String written, Collection<String> candidates) {
    if (written.length() > MAX_LENGTH) return Optional.empty(); // not a misspelt name
    return candidates.stream()
        .min(Comparator.comparingInt(candidate -> distance(written, candidate)))
        .filter(best -> distance(written, best) <= Math.max(2, written.length() / 3));
  }

  /** Between the paths, or between their last names where only the object is wrong. */
  private static int distance(String a, String b) {
    return Math.min(levenshtein(a, b), 1 + levenshtein(last(a), last(b)));
  }

  private static String last(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  private static int levenshtein(String a, String b) {
    var row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) row[j] = j;
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
