package com.cpprediction.model.format;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The n-grams of a text as strings. */
final class NaiveGrams {
  private NaiveGrams() {}

  /** Counts of words and word bigrams. */
  static Map<String, Integer> words(String text) {
    var counts = new HashMap<String, Integer>();
    var words = split(text);
    for (int i = 0; i < words.size(); i++) {
      counts.merge(words.get(i), 1, Integer::sum);
      if (i > 0) counts.merge(words.get(i - 1) + ' ' + words.get(i), 1, Integer::sum);
    }
    return counts;
  }

  /** Counts of character trigrams and 4-grams in each word with its blanks. */
  static Map<String, Integer> chars(String text) {
    var counts = new HashMap<String, Integer>();
    for (var word : split(text)) {
      var padded = ' ' + word + ' ';
      for (int n = 3; n <= 4; n++) {
        for (int i = 0; i + n <= padded.length(); i++) {
          counts.merge(padded.substring(i, i + n), 1, Integer::sum);
        }
      }
    }
    return counts;
  }

  static List<String> split(String text) {
    var kept = text.replaceAll("[0-9]{5,}", " ").strip();
    return kept.isEmpty() ? List.of() : List.of(kept.split(" +"));
  }
}
