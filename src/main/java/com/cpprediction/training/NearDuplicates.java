package com.cpprediction.training;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Groups near-duplicate rows: within a prefix those that share three words and have a Jaccard index
 * of at least 0.44, across prefixes those with equal text. A group stays on one side of a split,
 * and its rows are no evidence for each other.
 */
final class NearDuplicates {
  private static final int SHARED_WORDS = 3;
  private static final double JACCARD = 0.44;

  private final int[] parent;

  private NearDuplicates(int rows) {
    parent = new int[rows];
    for (int i = 0; i < rows; i++) parent[i] = i;
  }

  /**
   * @param texts canonical text without long numbers, by row
   * @param prefixes by row
   * @return smallest row of the group, by row
   */
  static int[] groups(List<String> texts, List<String> prefixes) {
    var groups = new NearDuplicates(texts.size());
    var byPrefix = new HashMap<String, List<Integer>>();
    var byText = new HashMap<String, Integer>();
    for (int row = 0; row < texts.size(); row++) {
      byPrefix.computeIfAbsent(prefixes.get(row), p -> new ArrayList<>()).add(row);
      var first = byText.putIfAbsent(texts.get(row), row);
      if (first != null) groups.join(first, row);
    }
    byPrefix.values().forEach(rows -> groups.joinSimilar(rows, texts));
    var group = new int[texts.size()];
    for (int row = 0; row < group.length; row++) group[row] = groups.find(row);
    return group;
  }

  private void joinSimilar(List<Integer> rows, List<String> texts) {
    Map<String, List<Integer>> holders = new HashMap<>();
    var words = new ArrayList<Set<String>>();
    var shared = new int[rows.size()];
    for (int i = 0; i < rows.size(); i++) {
      var own = wordsOf(texts.get(rows.get(i)));
      var met = new ArrayList<Integer>();
      for (var word : own) {
        for (int j : holders.computeIfAbsent(word, w -> new ArrayList<>())) {
          if (shared[j]++ == 0) met.add(j);
        }
      }
      for (int j : met) {
        int both = shared[j];
        shared[j] = 0;
        int either = own.size() + words.get(j).size() - both;
        if (both >= SHARED_WORDS && both >= JACCARD * either) join(rows.get(i), rows.get(j));
      }
      for (var word : own) Objects.requireNonNull(holders.get(word)).add(i);
      words.add(own);
    }
  }

  private static Set<String> wordsOf(String text) {
    return text.isEmpty() ? Set.of() : Set.copyOf(List.of(text.split(" ")));
  }

  private int find(int row) {
    while (parent[row] != row) row = parent[row] = parent[parent[row]];
    return row;
  }

  private void join(int a, int b) {
    int rootA = find(a);
    int rootB = find(b);
    parent[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
  }
}
