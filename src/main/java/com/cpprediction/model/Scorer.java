package com.cpprediction.model;

import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.Forest;
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
 * Scores by one model: candidates and the features of the contenders, the ranker's scores, a
 * softmax over them for the text, how well its prefix fits; shares of the training addresses for
 * the pincodes. A candidate that is no contender is as likely as the learned votes say, and the
 * contenders share out the rest; the words may be wrong, too. The one path that the service, {@code
 * evaluate} and {@code predict} share. One instance per thread.
 */
public final class Scorer {
  /** Candidates ranked in one call; further ones of the same address are ranked with them. */
  private static final int ROWS = 1_000;

  private static final int NONE = -1;

  /**
   * How much more often than its share of the votes says a candidate that is no contender is the
   * right one: for 0.79 % of 19,940 held-back addresses one was, where the shares added up to 0.29
   * % (2026-11-29).
   */
  private static final double OUTVOTED = 2.7;

  /**
   * Share of addresses whose words are taken for wrong whatever they say, so that each CP of the
   * prefix is equally likely: the ranker is surer of its first CP than it is right, and would outdo
   * a right pincode. The largest of 0.005, 0.01, 0.02 and 0.03 that costs 19,940 held-back
   * addresses neither 0.05 points of accuracy nor 0.001 of calibration error in any question; 0.02
   * adds 0.0025 of it where a quarter of the pincodes is another one of the prefix (2026-11-30).
   */
  private static final double WRONG_WORDS = 0.01;

  /** Definition of the probabilities given the text, a part of each scoring fingerprint. */
  static final String DEFINITION =
      "contenders " + Features.CONTENDERS + "/" + OUTVOTED + "\nwrong words " + WRONG_WORDS;

  private static final String VOTES = "learned_share";

  /** Least probability given the text of a CP that is kept without owning a pincode. */
  private static final double LEAST_TEXT = 1e-4;

  private final Features features = new Features();
  private final Features ofAll = Features.ofAll();
  private final PincodeShares pincodes = new PincodeShares();
  private float[] values = {}; // by row: of a contender
  private float[] scores = {};
  private int[] cps = {}; // by candidate
  private int[] rows = {}; // by candidate: that of a contender, or NONE
  private float[] shares = {}; // by candidate, of the learned votes
  private double[] weights = {}; // by candidate
  private int[] numbers = {}; // the pincodes of the last address
  private int rowEnd;
  private int candidateEnd;

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
    int waiting = 0;
    int first = 0;
    clear();
    for (int i = 0; i < addresses.size(); i++) {
      if (i > 0) between.run();
      read(scoring.model(), null, addresses.get(i));
      votes[waiting] = features.highestVote();
      ends[waiting++] = candidateEnd;
      if (rowEnd < ROWS && i < addresses.size() - 1) continue;
      scoring.model().ranker().score(values, rowEnd, scores);
      for (int k = 0, start = 0; k < waiting; start = ends[k++]) {
        results.add(scores(scoring, null, addresses.get(first + k), votes[k], start, ends[k]));
      }
      first = i + 1;
      waiting = 0;
      clear();
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
    clear();
    read(scoring.model(), own, address);
    scoring.model().ranker().score(values, rowEnd, scores);
    return scores(scoring, own, address, features.highestVote(), 0, candidateEnd);
  }

  /** The ranker's scores alone, of all candidates as if each were a contender, best first. */
  public List<Manifest.Golden.Answer> rank(
      PrefixIndex index, GramVotes votes, Ranker ranker, Address address) {
    clear();
    read(ofAll, index, votes, null, address);
    ranker.score(values, rowEnd, scores);
    return IntStream.range(0, rowEnd)
        .boxed()
        .sorted(Comparator.comparingDouble(row -> -scores[row]))
        .map(row -> new Manifest.Golden.Answer(index.cpCode(cps[contender(row)]), scores[row]))
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
    int first = candidate(index, candidates.get(0));
    var words = new WordShares(index, address.text());
    if (candidates.size() < 2) {
      return new Explanation(scored, candidates, List.of(), words.of(cps[first], -1));
    }
    int second = candidate(index, candidates.get(1));
    var decisive = new ArrayList<Explanation.Feature>();
    if (rows[first] == NONE || rows[second] == NONE) {
      double odds = StrictMath.log(weights[first] / weights[second]);
      decisive.add(new Explanation.Feature(VOTES, shares[first], shares[second], odds));
    } else {
      addFeatures(scoring.model().forest(), rows[first], rows[second], decisive);
    }
    int one = index(scored, candidates.get(0));
    int other = index(scored, candidates.get(1));
    decisive.add(
        difference(
            Explanation.WRONG_WORDS,
            StrictMath.log(scored.text(one) / weights[first]),
            StrictMath.log(scored.text(other) / weights[second])));
    decisive.add(
        difference(
            Explanation.PINCODE,
            evidence(address, scored, one, wrongPincodes),
            evidence(address, scored, other, wrongPincodes)));
    decisive.sort(Comparator.comparingDouble(feature -> -Math.abs(feature.effect())));
    return new Explanation(
        scored, candidates, List.copyOf(decisive), words.of(cps[first], cps[second]));
  }

  private void addFeatures(Forest forest, int first, int second, List<Explanation.Feature> out) {
    var effects = new double[Features.COUNT];
    forest.attribute(row(first), row(second), effects);
    for (int i = 0; i < Features.COUNT; i++) {
      var name = Features.NAMES.get(i);
      out.add(new Explanation.Feature(name, value(first, i), value(second, i), effects[i]));
    }
  }

  /** A feature whose values are logarithms of factors of a CP's probability. */
  private static Explanation.Feature difference(String name, double first, double second) {
    return new Explanation.Feature(name, first, second, first - second);
  }

  private static int index(PrefixScores scored, Candidate candidate) {
    int i = 0;
    while (!scored.cp(i).equals(candidate.cp())) i++;
    return i;
  }

  /** Logarithm of the weight of all pincodes of the address for CP {@code i}. */
  private static double evidence(
      Address address, PrefixScores scored, int i, PincodeErrors wrongPincodes) {
    double sum = 0;
    for (int j = 0; j < scored.pincodes(); j++) {
      var cue = address.candidates().get(j).cue();
      sum +=
          StrictMath.log(
              PincodeEvidence.weight(
                  cue, scored.right(i, j), scored.slip(i, j), scored.near(j), wrongPincodes));
    }
    return sum;
  }

  private float[] row(int row) {
    return Arrays.copyOfRange(values, row * Features.COUNT, (row + 1) * Features.COUNT);
  }

  private float value(int row, int column) {
    return values[row * Features.COUNT + column];
  }

  private int candidate(PrefixIndex index, Candidate candidate) {
    for (int i = 0; i < candidateEnd; i++) {
      if (index.cpCode(cps[i]).equals(candidate.cp())) return i;
    }
    throw new IllegalStateException(candidate.cp() + " was no candidate");
  }

  private int contender(int row) {
    int i = 0;
    while (rows[i] != row) i++;
    return i;
  }

  private void clear() {
    rowEnd = 0;
    candidateEnd = 0;
  }

  private void read(PrefixModel model, @Nullable OwnPlace own, Address address) {
    read(features, model.index(), model.forest().votes(), own, address);
  }

  /** Reads the candidates of an address behind those of the addresses before it. */
  private void read(
      Features features,
      PrefixIndex index,
      GramVotes votes,
      @Nullable OwnPlace own,
      Address address) {
    var given = address.candidates();
    if (numbers.length != given.size()) numbers = new int[given.size()];
    for (int j = 0; j < numbers.length; j++) numbers[j] = given.get(j).pincode();
    features.read(index, votes, own, address.text(), numbers);
    int count = features.candidates();
    if (cps.length < candidateEnd + count) grow(2 * (candidateEnd + count));
    for (int i = 0; i < count; i++) {
      cps[candidateEnd + i] = features.cp(i);
      shares[candidateEnd + i] = features.share(i);
      rows[candidateEnd + i] = NONE;
    }
    int contenders = features.contenders();
    for (int k = 0; k < contenders; k++) {
      rows[candidateEnd + features.contender(k)] = rowEnd + k;
    }
    System.arraycopy(
        features.values(), 0, values, rowEnd * Features.COUNT, contenders * Features.COUNT);
    candidateEnd += count;
    rowEnd += contenders;
  }

  private void grow(int candidates) {
    values = Arrays.copyOf(values, candidates * Features.COUNT);
    cps = Arrays.copyOf(cps, candidates);
    rows = Arrays.copyOf(rows, candidates);
    shares = Arrays.copyOf(shares, candidates);
    scores = new float[candidates];
    weights = new double[candidates];
  }

  /** The scores of the candidates from {@code start} to {@code end}. */
  private PrefixScores scores(
      ScoringModel scoring,
      @Nullable OwnPlace own,
      Address address,
      float vote,
      int start,
      int end) {
    var index = scoring.model().index();
    double fit = PrefixFit.of(vote, weigh(start, end));
    pincodes.read(index, scoring.model().prefix(), own, address.candidates());
    int kept = 0;
    double keptSum = 0;
    for (int i = start; i < end; i++) {
      if (!matters(i)) continue;
      keptSum += weights[i];
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
    double any = WRONG_WORDS / index.cps();
    double sum = 1 - WRONG_WORDS + kept * any; // of the CPs kept
    int out = 0;
    for (int i = start; i < end; i++) {
      if (!matters(i)) continue;
      int cp = cps[i];
      codes[out] = index.cpCode(cp);
      text[out] = ((1 - WRONG_WORDS) * (weights[i] / keptSum) + any) / sum;
      usual[out] = index.usualPincode(cp);
      for (int j = 0; j < width; j++) {
        right[out * width + j] = pincodes.right(cp, j);
        slip[out * width + j] = pincodes.slip(cp, j);
      }
      out++;
    }
    return new PrefixScores(
        scoring.fingerprint(), fit, width, codes, text, right, slip, near, usual);
  }

  /**
   * Sets the probabilities of candidates given the text.
   *
   * @return logarithm of the summed exponentials of their scores, where a candidate that is no
   *     contender counts by its share of the votes
   */
  private double weigh(int start, int end) {
    float highest = Float.NEGATIVE_INFINITY;
    double left = 1; // of the votes, for the contenders
    for (int i = start; i < end; i++) {
      if (rows[i] == NONE) left -= OUTVOTED * shares[i];
      else highest = Math.max(highest, scores[rows[i]]);
    }
    double sum = 0;
    for (int i = start; i < end; i++) {
      if (rows[i] == NONE) continue;
      sum += weights[i] = StrictMath.exp((double) scores[rows[i]] - highest);
    }
    for (int i = start; i < end; i++) {
      weights[i] = rows[i] == NONE ? OUTVOTED * shares[i] : weights[i] * left / sum;
    }
    return highest + StrictMath.log(sum / left);
  }

  private boolean matters(int i) {
    return weights[i] >= LEAST_TEXT || pincodes.owns(cps[i]);
  }
}
