package com.cpprediction.training;

import com.cpprediction.model.format.Evidence;
import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.PrefixIndex;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntFunction;

/**
 * Training data of the ranker from one prefix: per training address, without and with its pincode,
 * the features of the candidates and the index of the right one.
 */
final class Ranking {
  /** Share of rows with a wrong pincode, so that the ranker learns how far to trust it. */
  private static final double WRONG_PINCODES = 0.2;

  private float[] features = new float[1024 * Features.COUNT];
  private int[] groupEnd = new int[256];
  private int[] right = new int[256];
  private int candidates;
  private int groups;

  /**
   * @param evidence usable part of the index, by address row
   */
  static Ranking of(PrefixRows data, PrefixIndex index, IntFunction<Evidence> evidence, long seed) {
    var ranking = new Ranking();
    var features = new Features();
    var random = new SplittableRandom(seed ^ Long.parseLong(data.prefix()) * 0x9e3779b97f4a7c15L);
    var pincodes = index.trainedPincodes();
    for (int i = 0; i < data.addresses().size(); i++) {
      var row = data.addresses().get(i);
      boolean wrong = random.nextDouble() < WRONG_PINCODES;
      int other = pincodes[random.nextInt(pincodes.length)];
      var known = evidence.apply(i);
      for (int pincode : new int[] {0, wrong ? other : row.pincode()}) {
        features.read(index, known, row.text(), pincode);
        ranking.add(features, row.cp());
      }
    }
    ranking.trim();
    return ranking;
  }

  /** Number of candidates over all queries. */
  int candidates() {
    return candidates;
  }

  /** Number of queries: two per address, without those that have no right or no wrong candidate. */
  int groups() {
    return groups;
  }

  float[] features() {
    return features;
  }

  /** End of the candidates of a query. */
  int groupEnd(int group) {
    return groupEnd[group];
  }

  /** Right candidate of a query, by index in all candidates. */
  int right(int group) {
    return right[group];
  }

  private void add(Features read, int cp) {
    int at = -1;
    for (int i = 0; i < read.candidates(); i++) if (read.cp(i) == cp) at = i;
    if (at < 0 || read.candidates() < 2) return; // nothing to learn from
    int values = read.candidates() * Features.COUNT;
    int start = candidates * Features.COUNT;
    if (features.length < start + values) {
      features = Arrays.copyOf(features, Math.max(features.length * 2, start + values));
    }
    System.arraycopy(read.values(), 0, features, start, values);
    if (groups == groupEnd.length) {
      groupEnd = Arrays.copyOf(groupEnd, groups * 2);
      right = Arrays.copyOf(right, groups * 2);
    }
    right[groups] = candidates + at;
    candidates += read.candidates();
    groupEnd[groups++] = candidates;
  }

  private void trim() {
    features = Arrays.copyOf(features, candidates * Features.COUNT);
  }
}
