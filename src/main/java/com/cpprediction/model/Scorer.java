package com.cpprediction.model;

import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.model.format.Ranker;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Scored;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Predicts: candidates and their features, the ranker's scores, a softmax over them. The one path
 * that the service, {@code evaluate} and {@code predict} share. Allocates nothing but the results
 * once it has seen an address as large; one instance per thread.
 */
public final class Scorer {
  /** Candidates ranked in one call; further ones of the same address are ranked with them. */
  private static final int ROWS = 1_000;

  private final Features features = new Features();
  private float[] values = {};
  private float[] scores = {};
  private int[] cps = {};
  private double[] weights = {};

  /**
   * @return scores for each address, in order
   */
  public List<Scored> score(ScoringModel scoring, List<Address> addresses) {
    return score(scoring, addresses, () -> {});
  }

  /**
   * @param between run before each address but the first; ends the scoring by throwing
   * @return scores for each address, in order
   */
  List<Scored> score(ScoringModel scoring, List<Address> addresses, Runnable between) {
    if (addresses.size() == 1) return List.of(score(scoring, addresses.get(0)));
    var results = new ArrayList<Scored>(addresses.size());
    var ends = new int[Math.min(addresses.size(), ROWS)];
    int rows = 0;
    int waiting = 0;
    for (int i = 0; i < addresses.size(); i++) {
      if (i > 0) between.run();
      rows += read(scoring.model().index(), addresses.get(i), rows);
      ends[waiting++] = rows;
      if (rows < ROWS && i < addresses.size() - 1) continue;
      scoring.model().ranker().score(values, rows, scores);
      for (int k = 0, start = 0; k < waiting; start = ends[k++]) {
        results.add(scored(scoring, start, ends[k]));
      }
      rows = 0;
      waiting = 0;
    }
    return results;
  }

  /** The scores of one address. */
  public Scored score(ScoringModel scoring, Address address) {
    int rows = read(scoring.model().index(), address, 0);
    scoring.model().ranker().score(values, rows, scores);
    return scored(scoring, 0, rows);
  }

  /** The ranker's scores alone, best first. */
  public List<Manifest.Golden.Answer> rank(PrefixIndex index, Ranker ranker, Address address) {
    int rows = read(index, address, 0);
    ranker.score(values, rows, scores);
    return IntStream.range(0, rows)
        .boxed()
        .sorted(Comparator.comparingDouble(row -> -scores[row]))
        .map(row -> new Manifest.Golden.Answer(index.cpCode(cps[row]), scores[row]))
        .toList();
  }

  /** The scores of one address, and their explanation. */
  public Explanation explain(ScoringModel scoring, Address address) {
    var scored = score(scoring, address);
    var index = scoring.model().index();
    int first = row(index, scored.candidates().get(0));
    var words = new WordShares(index, address.text());
    if (scored.candidates().size() < 2) {
      return new Explanation(scored, List.of(), words.of(cps[first], -1));
    }
    int second = row(index, scored.candidates().get(1));
    // Row 0 is the first CP as it is; row i has the second's value in column i - 1.
    var swapped = new float[(Features.COUNT + 1) * Features.COUNT];
    for (int i = 0; i <= Features.COUNT; i++) {
      System.arraycopy(values, first * Features.COUNT, swapped, i * Features.COUNT, Features.COUNT);
      if (i > 0) swapped[i * Features.COUNT + i - 1] = values[second * Features.COUNT + i - 1];
    }
    var effects = new float[Features.COUNT + 1];
    scoring.model().ranker().score(swapped, effects.length, effects);
    var decisive = new ArrayList<Explanation.Feature>();
    for (int i = 0; i < Features.COUNT; i++) {
      double effect = effects[0] - effects[i + 1];
      decisive.add(feature(Features.NAMES.get(i), first, second, i, effect));
    }
    int owns = Features.PIN_EQ;
    double trusted = value(first, owns) == 1 ? scoring.pincodeTrust() : 0;
    double trustedSecond = value(second, owns) == 1 ? scoring.pincodeTrust() : 0;
    decisive.add(feature("pincode_trust", first, second, owns, trusted - trustedSecond));
    decisive.sort(Comparator.comparingDouble(feature -> -Math.abs(feature.effect())));
    return new Explanation(scored, List.copyOf(decisive), words.of(cps[first], cps[second]));
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

  /**
   * Reads the candidates of an address into the rows from {@code row} on.
   *
   * @return how many there are
   */
  private int read(PrefixIndex index, Address address, int row) {
    features.read(index, index.whole(), address.text(), pincode(address));
    int count = features.candidates();
    if (cps.length < row + count) grow(2 * (row + count));
    System.arraycopy(features.values(), 0, values, row * Features.COUNT, count * Features.COUNT);
    for (int i = 0; i < count; i++) cps[row + i] = features.cp(i);
    return count;
  }

  private void grow(int rows) {
    values = Arrays.copyOf(values, rows * Features.COUNT);
    cps = Arrays.copyOf(cps, rows);
    scores = new float[rows];
    weights = new double[rows];
  }

  private Scored scored(ScoringModel scoring, int start, int end) {
    double highest = Double.NEGATIVE_INFINITY;
    for (int row = start; row < end; row++) {
      boolean owns = value(row, Features.PIN_EQ) == 1;
      weights[row] = scores[row] + (owns ? scoring.pincodeTrust() : 0);
      highest = Math.max(highest, weights[row]);
    }
    double sum = 0;
    for (int row = start; row < end; row++) {
      sum += weights[row] = StrictMath.exp(weights[row] - highest);
    }
    var best = new Candidate[Math.min(end - start, Scored.CANDIDATES)];
    for (int i = 0; i < best.length; i++) {
      int top = start;
      for (int row = start + 1; row < end; row++) if (weights[row] > weights[top]) top = row;
      best[i] = new Candidate(scoring.model().index().cpCode(cps[top]), weights[top] / sum);
      weights[top] = -1;
    }
    return new Scored(scoring.fingerprint(), List.of(best));
  }

  private static int pincode(Address address) {
    return address.pincode() == null ? 0 : Integer.parseInt(address.pincode());
  }
}
