package com.cpprediction.training;

import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.GramVotes;
import com.cpprediction.model.format.OwnPlace;
import com.cpprediction.model.format.PrefixIndex;
import java.util.Arrays;
import java.util.List;

/**
 * Training data of the ranker from one prefix: per training address, with the counts of its own
 * place left out, the features of the candidates and the index of the right one.
 */
final class Ranking {
  private float[] features = new float[1024 * Features.COUNT];
  private int[] groupEnd = new int[256];
  private int[] right = new int[256];
  private int candidates;
  private int groups;

  static Ranking of(PrefixIndex index, GramVotes votes, List<PrefixCounts.Place> places) {
    var ranking = new Ranking();
    var features = Features.ofAll();
    for (var place : places) {
      var cps = place.cps().stream().mapToInt(Integer::intValue).toArray();
      var own = OwnPlace.of(index, cps, place.texts().toArray(String[]::new));
      for (int i = 0; i < cps.length; i++) {
        features.read(index, votes, own, place.texts().get(i));
        ranking.add(features, cps[i]);
      }
    }
    ranking.trim();
    return ranking;
  }

  /** Number of candidates over all queries. */
  int candidates() {
    return candidates;
  }

  /** Number of queries: one per address, without those that have no right or no wrong candidate. */
  int groups() {
    return groups;
  }

  /** Copies the features to {@code out} from {@code at} on, and gives up their memory. */
  void moveTo(float[] out, int at) {
    System.arraycopy(features, 0, out, at, candidates * Features.COUNT);
    features = new float[0];
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
