package com.cpprediction.model;

import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.GramVotes;
import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.OwnPlace;
import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.model.format.Ranker;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PincodeEvidence;
import com.cpprediction.prediction.Posterior;
import com.cpprediction.prediction.PrefixFit;
import com.cpprediction.prediction.PrefixScores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Scores by one model: candidates and their features, the ranker's scores, a softmax over them for
 * the text, how well its prefix fits; shares of the training addresses for the pincodes. The one
 * path that the service, {@code evaluate} and {@code predict} share. One instance per thread.
 */
public final class Scorer {
  /** Candidates ranked in one call; further ones of the same address are ranked with them. */
  private static final int ROWS = 1_000;

  /** Least probability given the text of a CP that is kept without owning a pincode. */
  private static final double LEAST_TEXT = 1e-4;

  private final Features features = new Features();
  private final PincodeShares pincodes = new PincodeShares();
  private float[] values = {};
  private float[] scores = {};
  private int[] cps = {};
  private int[] numbers = {}; // the pincodes of the last address
  private double[] weights = {};

  /**
   * @return scores for each address, in order
   */
  public List<PrefixScores> score(ScoringModel scoring, List<Address> addresses) {
    return score(scoring, addresses, () -> {});
  }

  /**
   * @param between run before each address but the first; ends the scoring by throwing
   * @return scores for each address, in order
   */
  List<PrefixScores> score(ScoringModel scoring, List<Address> addresses, Runnable between) {
    if (addresses.size() == 1) return List.of(score(scoring, addresses.get(0)));
    var results = new ArrayList<PrefixScores>(addresses.size());
    var ends = new int[Math.min(addresses.size(), ROWS)];
    var votes = new float[ends.length];
    int rows = 0;
    int waiting = 0;
    int first = 0;
    for (int i = 0; i < addresses.size(); i++) {
      if (i > 0) between.run();
      rows += read(scoring.model(), null, addresses.get(i), rows);
      votes[waiting] = features.highestVote();
      ends[waiting++] = rows;
      if (rows < ROWS && i < addresses.size() - 1) continue;
      scoring.model().ranker().score(values, rows, scores);
      for (int k = 0, start = 0; k < waiting; start = ends[k++]) {
        results.add(scores(scoring, null, addresses.get(first + k), votes[k], start, ends[k]));
      }
      first = i + 1;
      rows = 0;
      waiting = 0;
    }
    return results;
  }

  /** The scores of one address. */
  public PrefixScores score(ScoringModel scoring, Address address) {
    return score(scoring, null, address);
  }

  /**
   * The scores of a training address.
   *
   * @param own its place, which is left out of the counts; null for none
   */
  public PrefixScores score(ScoringModel scoring, @Nullable OwnPlace own, Address address) {
    int rows = read(scoring.model(), own, address, 0);
    scoring.model().ranker().score(values, rows, scores);
    return scores(scoring, own, address, features.highestVote(), 0, rows);
  }

  /** The ranker's scores alone, best first. */
  public List<Manifest.Golden.Answer> rank(
      PrefixIndex index, GramVotes votes, Ranker ranker, Address address) {
    int rows = read(index, votes, null, address, 0);
    ranker.score(values, rows, scores);
    return IntStream.range(0, rows)
        .boxed()
        .sorted(Comparator.comparingDouble(row -> -scores[row]))
        .map(row -> new Manifest.Golden.Answer(index.cpCode(cps[row]), scores[row]))
        .toList();
  }

  /**
   * The scores of one address, and the explanation of the order of the first two CPs of the prefix.
   *
   * @param wrongPincodes shares of wrong pincodes to assume
   */
  public Explanation explain(ScoringModel scoring, Address address, PincodeErrors wrongPincodes) {
    var scored = score(scoring, address);
    var hypotheses = Hypotheses.certain(scoring.model().prefix(), address, wrongPincodes);
    var candidates = Posterior.of(address, hypotheses, List.of(scored)).scored().candidates();
    var index = scoring.model().index();
    int first = row(index, candidates.get(0));
    var words = new WordShares(index, address.text());
    if (candidates.size() < 2) {
      return new Explanation(scored, candidates, List.of(), words.of(cps[first], -1));
    }
    int second = row(index, candidates.get(1));
    var decisive = new ArrayList<Explanation.Feature>();
    var effects = new double[Features.COUNT];
    scoring.model().forest().attribute(row(first), row(second), effects);
    for (int i = 0; i < Features.COUNT; i++) {
      decisive.add(feature(Features.NAMES.get(i), first, second, i, effects[i]));
    }
    decisive.add(pincodes(address, scored, candidates, wrongPincodes));
    decisive.sort(Comparator.comparingDouble(feature -> -Math.abs(feature.effect())));
    return new Explanation(
        scored, candidates, List.copyOf(decisive), words.of(cps[first], cps[second]));
  }

  /** The log-odds that the pincodes of the address add between the first CP and the second. */
  private static Explanation.Feature pincodes(
      Address address,
      PrefixScores scored,
      List<Candidate> candidates,
      PincodeErrors wrongPincodes) {
    double first = evidence(address, scored, candidates.get(0).cp(), wrongPincodes);
    double second = evidence(address, scored, candidates.get(1).cp(), wrongPincodes);
    return new Explanation.Feature(Explanation.PINCODE, first, second, first - second);
  }

  /** Logarithm of the weight of all pincodes of the address for {@code cp}. */
  private static double evidence(
      Address address, PrefixScores scored, String cp, PincodeErrors wrongPincodes) {
    int row = 0;
    while (!scored.cp(row).equals(cp)) row++;
    double sum = 0;
    for (int j = 0; j < scored.pincodes(); j++) {
      var cue = address.candidates().get(j).cue();
      sum +=
          StrictMath.log(
              PincodeEvidence.weight(
                  cue, scored.right(row, j), scored.slip(row, j), scored.near(j), wrongPincodes));
    }
    return sum;
  }

  private Explanation.Feature feature(
      String name, int first, int second, int column, double effect) {
    return new Explanation.Feature(name, value(first, column), value(second, column), effect);
  }

  private float[] row(int row) {
    return Arrays.copyOfRange(values, row * Features.COUNT, (row + 1) * Features.COUNT);
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
  private int read(PrefixModel model, @Nullable OwnPlace own, Address address, int row) {
    return read(model.index(), model.forest().votes(), own, address, row);
  }

  private int read(
      PrefixIndex index, GramVotes votes, @Nullable OwnPlace own, Address address, int row) {
    var given = address.candidates();
    if (numbers.length != given.size()) numbers = new int[given.size()];
    for (int j = 0; j < numbers.length; j++) numbers[j] = given.get(j).pincode();
    features.read(index, votes, own, address.text(), numbers);
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

  private PrefixScores scores(
      ScoringModel scoring,
      @Nullable OwnPlace own,
      Address address,
      float vote,
      int start,
      int end) {
    var index = scoring.model().index();
    float highest = Float.NEGATIVE_INFINITY;
    for (int row = start; row < end; row++) highest = Math.max(highest, scores[row]);
    double sum = 0;
    for (int row = start; row < end; row++) {
      sum += weights[row] = StrictMath.exp((double) scores[row] - highest);
    }
    double fit = PrefixFit.of(vote, highest + StrictMath.log(sum));
    for (int row = start; row < end; row++) weights[row] /= sum;
    pincodes.read(index, scoring.model().prefix(), own, address.candidates());
    int kept = 0;
    double keptSum = 0;
    for (int row = start; row < end; row++) {
      if (!matters(row)) continue;
      keptSum += weights[row];
      kept++;
    }
    int width = pincodes.width();
    var codes = new String[kept];
    var text = new double[kept];
    var right = new double[kept * width];
    var slip = new double[kept * width];
    var near = new double[width];
    for (int j = 0; j < width; j++) near[j] = pincodes.near(j);
    var usual = new int[kept];
    int i = 0;
    for (int row = start; row < end; row++) {
      if (!matters(row)) continue;
      int cp = cps[row];
      codes[i] = index.cpCode(cp);
      text[i] = weights[row] / keptSum;
      usual[i] = index.usualPincode(cp);
      for (int j = 0; j < width; j++) {
        right[i * width + j] = pincodes.right(cp, j);
        slip[i * width + j] = pincodes.slip(cp, j);
      }
      i++;
    }
    return new PrefixScores(
        scoring.fingerprint(), fit, width, codes, text, right, slip, near, usual);
  }

  private boolean matters(int row) {
    return weights[row] >= LEAST_TEXT || pincodes.owns(cps[row]);
  }
}
