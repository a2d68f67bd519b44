package com.cpprediction.training;

import com.cpprediction.model.Evidence;
import com.cpprediction.model.Features;
import com.cpprediction.model.PrefixIndex;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntFunction;

/**
 * What the ranker learns from one prefix: for each training address, without its pincode and with
 * it, the features of its candidates and which of them is right.
 */
final class Ranking {
  /** Share of rows whose pincode is replaced, so that the ranker learns to doubt it. */
  private static final double WRONG_PINCODES = 0.2;

  private float[] features = new float[1024 * Features.COUNT];
  private int[] groupEnd = new int[256];
  private int[] right = new int[256];
  private int candidates;
  private int groups;

  /**
   * @param evidence what may be used of the index for the address row
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

  /** Rows of features. */
  int candidates() {
    return candidates;
  }

  /** QueryGroups asked: addresses, each twice, less those with a wrong or no choice. */
  int groups() {
    return groups;
  }

  float[] features() {
    return features;
  }

  /** Where the candidates of question {@code group} end. */
  int groupEnd(int group) {
    return groupEnd[group];
  }

  /** The candidate that is right, among all of this prefix. */
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
