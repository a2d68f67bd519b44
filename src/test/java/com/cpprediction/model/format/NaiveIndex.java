package com.cpprediction.model.format;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** A slow reference implementation of the similarities, over strings and maps. */
public final class NaiveIndex {
  private final List<Map<String, Integer>> rowWords = new ArrayList<>();
  private final List<Map<String, Integer>> rowChars = new ArrayList<>();
  private final Map<String, Integer> wordDf = new HashMap<>();
  private final Map<String, Integer> charDf = new HashMap<>();

  NaiveIndex(List<String> texts) {
    for (var text : texts) {
      rowWords.add(words(text));
      rowChars.add(chars(text));
      words(text).keySet().forEach(gram -> wordDf.merge(gram, 1, Integer::sum));
      chars(text).keySet().forEach(gram -> charDf.merge(gram, 1, Integer::sum));
    }
  }

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

  /** Cosine of words plus cosine of characters, by row. */
  double[] similarities(String text) {
    var words = cosines(words(text), rowWords, wordDf);
    var chars = charSimilarities(text);
    return IntStream.range(0, words.length).mapToDouble(i -> words[i] + chars[i]).toArray();
  }

  double[] charSimilarities(String text) {
    return cosines(chars(text), rowChars, charDf);
  }

  double wordIdf(String word) {
    return idf(wordDf, word);
  }

  double charIdf(String run) {
    return idf(charDf, run);
  }

  private double[] cosines(
      Map<String, Integer> query, List<Map<String, Integer>> rows, Map<String, Integer> df) {
    double norm = norm(query, df);
    return rows.stream()
        .mapToDouble(row -> norm == 0 ? 0 : dot(query, row, df) / norm / norm(row, df))
        .toArray();
  }

  private double dot(
      Map<String, Integer> query, Map<String, Integer> row, Map<String, Integer> df) {
    double dot = 0;
    for (var gram : query.keySet()) {
      // The index drops what a single row has.
      if (row.containsKey(gram) && df.get(gram) > 1) {
        dot += weight(query, gram, df) * weight(row, gram, df);
      }
    }
    return dot;
  }

  private double norm(Map<String, Integer> text, Map<String, Integer> df) {
    return Math.sqrt(
        text.keySet().stream().mapToDouble(gram -> Math.pow(weight(text, gram, df), 2)).sum());
  }

  private double weight(Map<String, Integer> text, String gram, Map<String, Integer> df) {
    return idf(df, gram) * (text.get(gram) > 1 ? 1 + Math.log(2) : 1);
  }

  private double idf(Map<String, Integer> df, String gram) {
    return Math.log((1.0 + rowWords.size()) / (1.0 + df.getOrDefault(gram, 1))) + 1;
  }
}
