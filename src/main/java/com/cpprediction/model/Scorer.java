package com.cpprediction.model;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Scored;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Predicts: candidates and their features, the ranker's scores, a softmax over them. The one path
 * that the service, {@code evaluate} and {@code predict} share. Blocks for the native call; one
 * instance per thread.
 */
public final class Scorer {
  private final Features features = new Features();
  private float[] values = {};

  /** The candidates of one address among those of all. */
  private record Slice(int start, int[] cps) {}

  /**
   * @return one answer for each address, in order
   */
  public List<Scored> score(Scoring scoring, List<Address> addresses) {
    var index = scoring.model().index();
    var evidence = Evidence.whole(index);
    var slices = new ArrayList<Slice>(addresses.size());
    int rows = 0;
    for (var address : addresses) {
      features.read(index, evidence, address.text(), pincode(address));
      slices.add(new Slice(rows, append(rows)));
      rows += features.candidates();
    }
    var scores = scoring.model().ranker().score(values, rows);
    var answers = new ArrayList<Scored>(addresses.size());
    for (var slice : slices) answers.add(answer(scoring, slice, scores));
    return answers;
  }

  private int[] append(int row) {
    int size = features.candidates() * Features.COUNT;
    int start = row * Features.COUNT;
    if (values.length < start + size) values = Arrays.copyOf(values, 2 * (start + size));
    System.arraycopy(features.values(), 0, values, start, size);
    var cps = new int[features.candidates()];
    for (int i = 0; i < cps.length; i++) cps[i] = features.cp(i);
    return cps;
  }

  private Scored answer(Scoring scoring, Slice slice, float[] scores) {
    int n = slice.cps().length;
    var score = new double[n];
    double highest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      int row = slice.start() + i;
      boolean owns = values[row * Features.COUNT + Features.PIN_EQ] == 1;
      score[i] = scores[row] + (owns ? scoring.pincodeTrust() : 0);
      highest = Math.max(highest, score[i]);
    }
    double sum = 0;
    for (int i = 0; i < n; i++) sum += score[i] = Math.exp(score[i] - highest);
    var best = new ArrayList<Candidate>(Scored.CANDIDATES);
    while (best.size() < Math.min(n, Scored.CANDIDATES)) {
      int top = 0;
      for (int i = 1; i < n; i++) if (score[i] > score[top]) top = i;
      best.add(new Candidate(scoring.model().index().cpCode(slice.cps()[top]), score[top] / sum));
      score[top] = -1;
    }
    return new Scored(scoring.fingerprint(), best);
  }

  private static int pincode(Address address) {
    return address.pincode() == null ? 0 : Integer.parseInt(address.pincode());
  }
}
