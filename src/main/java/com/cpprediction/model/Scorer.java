package com.cpprediction.model;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Scored;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
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
    var scores = new float[rows];
    scoring.model().ranker().score(values, rows, scores);
    var answers = new ArrayList<Scored>(addresses.size());
    for (var slice : slices) answers.add(answer(scoring, slice, scores));
    return answers;
  }

  /** The answer to one address, and what decided it. */
  public Explanation explain(Scoring scoring, Address address) {
    var scored = score(scoring, List.of(address)).get(0);
    var index = scoring.model().index();
    if (scored.candidates().size() < 2) return new Explanation(scored, List.of());
    int first = row(index, scored.candidates().get(0));
    int second = row(index, scored.candidates().get(1));
    // Row 0 is the first CP as it is; row i has the second's value in column i - 1.
    var swapped = new float[(Features.COUNT + 1) * Features.COUNT];
    for (int i = 0; i <= Features.COUNT; i++) {
      System.arraycopy(values, first * Features.COUNT, swapped, i * Features.COUNT, Features.COUNT);
      if (i > 0) swapped[i * Features.COUNT + i - 1] = values[second * Features.COUNT + i - 1];
    }
    var scores = new float[Features.COUNT + 1];
    scoring.model().ranker().score(swapped, scores.length, scores);
    var decisive = new ArrayList<Explanation.Feature>();
    for (int i = 0; i < Features.COUNT; i++) {
      double effect = scores[0] - scores[i + 1];
      decisive.add(feature(Features.NAMES.get(i), first, second, i, effect));
    }
    int owns = Features.PIN_EQ;
    double trusted = value(first, owns) == 1 ? scoring.pincodeTrust() : 0;
    double trustedSecond = value(second, owns) == 1 ? scoring.pincodeTrust() : 0;
    decisive.add(feature("pincode_trust", first, second, owns, trusted - trustedSecond));
    decisive.sort(Comparator.comparingDouble(feature -> -Math.abs(feature.effect())));
    return new Explanation(scored, List.copyOf(decisive));
  }

  private Explanation.Feature feature(
      String name, int first, int second, int column, double effect) {
    return new Explanation.Feature(name, value(first, column), value(second, column), effect);
  }

  private float value(int row, int column) {
    return values[row * Features.COUNT + column];
  }

  private int row(PrefixIndex index, Candidate candidate) {
    for (int i = 0; i < features.candidates(); i++) {
      if (index.cpCode(features.cp(i)).equals(candidate.cp())) return i;
    }
    throw new IllegalStateException(candidate.cp() + " was no candidate");
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
