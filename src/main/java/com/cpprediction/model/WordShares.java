package com.cpprediction.model;

import com.cpprediction.model.format.Grams;
import com.cpprediction.model.format.PrefixIndex;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Shares the cosines of an address and a CP out among the words of the address. They are sums over
 * n-grams; what an n-gram adds goes to the word it is, in halves to the words of a pair, and in
 * equal parts to the words a run of characters occurs in. Slow next to scoring; one use.
 */
final class WordShares {
  private final PrefixIndex index;
  private final List<String> words;
  private final Grams grams = new Grams();
  private final Map<Integer, List<Integer>> places = new HashMap<>(); // of n-grams, in words

  /**
   * @param text canonical
   */
  WordShares(PrefixIndex index, String text) {
    this.index = index;
    words = text.isBlank() ? List.of() : List.of(text.strip().split(" +"));
    for (int i = 0; i < words.size(); i++) {
      place(words.get(i), i, i, false);
      if (i > 0) place(words.get(i - 1) + ' ' + words.get(i), i - 1, i, true);
    }
    placeAcrossNumbers();
    grams.read(text);
  }

  private void place(String text, int from, int to, boolean pair) {
    grams.read(text);
    for (int g = 0; g < grams.size(); g++) {
      if (pair != (grams.kind(g) == Grams.WORD_PAIR)) continue;
      var own = places.computeIfAbsent(grams.fingerprint(g), f -> new ArrayList<>());
      own.add(from);
      if (to != from) own.add(to);
    }
  }

  /** Long numbers are no words: what stands before and after one is a pair. */
  private void placeAcrossNumbers() {
    int before = -1;
    for (int i = 0; i < words.size(); i++) {
      if (grams.read(words.get(i)).words() == 0) continue;
      if (before >= 0 && before < i - 1) {
        place(words.get(before) + ' ' + words.get(i), before, i, true);
      }
      before = i;
    }
  }

  /**
   * @param second a CP to compare with, or -1
   * @return the words that carry something, largest effect first, whichever CP it speaks for;
   *     repeated ones together
   */
  List<Explanation.Word> of(int first, int second) {
    var firstShares = shares(first);
    var secondShares = second < 0 ? new double[words.size()] : shares(second);
    var byWord = new LinkedHashMap<String, double[]>();
    for (int i = 0; i < words.size(); i++) {
      var sums = byWord.computeIfAbsent(words.get(i), word -> new double[2]);
      sums[0] += firstShares[i];
      sums[1] += secondShares[i];
    }
    return byWord.entrySet().stream()
        .map(entry -> word(entry.getKey(), entry.getValue()))
        .filter(word -> word.first() != 0 || word.second() != 0)
        .sorted(Comparator.comparingDouble(word -> -Math.abs(word.effect())))
        .toList();
  }

  private static Explanation.Word word(String word, double[] sums) {
    return new Explanation.Word(word, sums[0], sums[1], sums[0] - sums[1]);
  }

  private double[] shares(int cp) {
    var shares = new double[words.size()];
    double wordSquares = 0;
    double charSquares = 0;
    for (int g = 0; g < grams.size(); g++) {
      double weight = weight(g);
      if (grams.kind(g) == Grams.SKELETON) continue;
      if (grams.kind(g) == Grams.CHARS) charSquares += weight * weight;
      else wordSquares += weight * weight;
    }
    for (int g = 0; g < grams.size(); g++) {
      int gram = index.grams().find(grams.fingerprint(g));
      var own = places.get(grams.fingerprint(g));
      if (gram < 0 || own == null || grams.kind(g) == Grams.SKELETON) continue;
      boolean chars = grams.kind(g) == Grams.CHARS;
      double norm = chars ? index.charNorm(cp) : index.wordNorm(cp);
      double squares = chars ? charSquares : wordSquares;
      double scale = Math.sqrt(Math.max(norm * norm, 1) * squares);
      double part = weight(g) * plain(gram) * index.grams().count(gram, cp) / scale / own.size();
      for (int place : own) shares[place] += part;
    }
    return shares;
  }

  private double plain(int gram) {
    return gram < 0 ? index.unknownWeight() : index.weight(gram, index.grams().total(gram));
  }

  private double weight(int g) {
    double plain = plain(index.grams().find(grams.fingerprint(g)));
    return grams.repeated(g) ? plain * PrefixIndex.REPEATED : plain;
  }
}
