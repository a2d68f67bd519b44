package com.cpprediction.model.format;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The n-grams of a text as strings. */
final class NaiveGrams {
  private static final Set<String> POST = Set.of("po", "post", "vpo", "bo", "so");
  private static final Set<String> REGION =
      Set.of(
          "dist",
          "distt",
          "district",
          "dt",
          "teh",
          "tehsil",
          "taluka",
          "tal",
          "taluk",
          "tq",
          "mandal");
  private static final Set<String> LANDMARK =
      Set.of(
          "near",
          "nr",
          "opp",
          "opposite",
          "behind",
          "bh",
          "beside",
          "besides",
          "adjacent",
          "adj",
          "next",
          "above");

  private NaiveGrams() {}

  /**
   * An n-gram where it occurs.
   *
   * @param at place of its word
   */
  record Occurrence(byte kind, String gram, int at) {}

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

  /** Counts of the skeletons of words, and of two neighbours joined. */
  static Map<String, Integer> skeletons(String text) {
    var counts = new HashMap<String, Integer>();
    for (var occurrence : occurrences(text)) {
      if (occurrence.kind() == Grams.SKELETON) counts.merge(occurrence.gram(), 1, Integer::sum);
    }
    return counts;
  }

  private static String skeleton(String word) {
    if (!word.matches("[a-z]+")) return "";
    return word.replaceAll("[aeiouyh]", "")
        .replace('w', 'v')
        .replace('z', 'j')
        .replaceAll("[cqx]", "k")
        .replace('m', 'n')
        .replace('f', 'p')
        .replaceAll("(.)\\1+", "$1");
  }

  /** All n-grams of a text, word by word. */
  static List<Occurrence> occurrences(String text) {
    var all = new ArrayList<Occurrence>();
    var words = split(text);
    for (int i = 0; i < words.size(); i++) {
      int at = i;
      var word = words.get(i);
      all.add(new Occurrence(Grams.WORD, word, at));
      if (i > 0) all.add(new Occurrence(Grams.WORD_PAIR, words.get(i - 1) + ' ' + word, at));
      chars(word).keySet().forEach(gram -> all.add(new Occurrence(Grams.CHARS, gram, at)));
      var own = skeleton(word);
      var before = i == 0 ? "" : skeleton(words.get(i - 1));
      if (own.length() >= 3) all.add(new Occurrence(Grams.SKELETON, own, at));
      boolean joins = !own.isEmpty() && !before.isEmpty() && (before + own).length() >= 4;
      if (joins) all.add(new Occurrence(Grams.SKELETON, before + own, at));
    }
    return all;
  }

  /** What each word is introduced by: one of the cues of {@link Grams}. */
  static List<Byte> cues(String text) {
    var cues = new ArrayList<Byte>();
    var words = split(text);
    byte cue = Grams.NO_CUE;
    int left = 0;
    for (int i = 0; i < words.size(); i++) {
      byte said = cue(words.get(i), i == 0 ? "" : words.get(i - 1));
      if (said != Grams.NO_CUE) {
        cue = said;
        left = 2;
        cues.add(Grams.NO_CUE);
        continue;
      }
      cues.add(left-- > 0 ? cue : Grams.NO_CUE);
    }
    return cues;
  }

  private static byte cue(String word, String before) {
    if (POST.contains(word) || word.equals("o") && before.equals("p")) return Grams.POST_OFFICE;
    if (REGION.contains(word)) return Grams.REGION;
    return LANDMARK.contains(word) ? Grams.LANDMARK : Grams.NO_CUE;
  }

  static List<String> split(String text) {
    var kept = text.replaceAll("[0-9]{5,}", " ").strip();
    return kept.isEmpty() ? List.of() : List.of(kept.split(" +"));
  }
}
