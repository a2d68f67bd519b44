package com.cpprediction.prediction;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Weighs prefixes by the words and the pincodes of an address. Reusable, to avoid allocation; not
 * thread-safe.
 *
 * <p>A pincode weighs the same for all prefixes but its own and those that a typing error leads to:
 * the others are found by {@link PrefixTable}.
 */
public final class PrefixWeights {
  /** Least share of the weight of all prefixes with which one is scored. */
  private static final double LEAST = 0.01;

  private static final int LENGTHS = 6; // of prefixes

  private final int[] own = new int[LENGTHS];
  private final int[] places = new int[PrefixTable.SLIPS];
  private final int[] errors = new int[PrefixTable.SLIPS];
  private final double[] weighed = new double[PrefixTable.SLIPS + LENGTHS];
  private final int[] likely = new int[Hypotheses.MOST + 1];
  private double[] weights = {};
  private PrefixChances chances = new PrefixChances(List.of(), weights);
  private List<PincodeCandidate> pincodes = List.of();
  private PincodeErrors wrong = PincodeErrors.of(0);
  private boolean[] exist = {}; // by pincode
  private double total;
  private int found; // of likely

  /**
   * Weighs all prefixes of {@code chances}, and ranks the likeliest.
   *
   * @param wrongPincodes shares of wrong pincodes to assume
   */
  public void read(
      Locator locator,
      PrefixChances chances,
      List<PincodeCandidate> pincodes,
      PincodeErrors wrongPincodes) {
    this.chances = chances;
    this.pincodes = pincodes;
    wrong = wrongPincodes;
    int count = chances.probabilities().length;
    if (weights.length != count) weights = new double[count];
    if (exist.length < pincodes.size()) exist = new boolean[pincodes.size()];
    PrefixFit.weights(chances.probabilities(), weights);
    for (int j = 0; j < pincodes.size(); j++) {
      exist[j] = locator.isPincode(pincodes.get(j).pincode());
      weigh(pincodes.get(j), exist[j]);
    }
    total = 0;
    for (int i = 0; i < count; i++) total += weights[i];
    rank();
  }

  private void weigh(PincodeCandidate candidate, boolean exists) {
    var table = chances.table();
    int pincode = candidate.pincode();
    var cue = candidate.cue();
    int slips = table.slips(pincode, places, errors);
    for (int k = 0; k < slips; k++) {
      int length = table.prefixes().get(places[k]).length();
      double slip = PincodeEvidence.slipInto(errors[k], length);
      weighed[k] = weights[places[k]] * PincodeEvidence.weight(cue, 0, slip, 0, wrong);
    }
    int owners = table.of(pincode, own);
    for (int k = 0; k < owners; k++) {
      weighed[slips + k] = weights[own[k]] * ownWeight(own[k], candidate, exists);
    }
    double others = PincodeEvidence.weight(cue, 0, 0, 0, wrong);
    for (int i = 0; i < weights.length; i++) weights[i] *= others;
    for (int k = 0; k < slips; k++) weights[places[k]] = weighed[k];
    for (int k = 0; k < owners; k++) weights[own[k]] = weighed[slips + k];
  }

  /** Weight of a pincode for a prefix of it. */
  private double ownWeight(int i, PincodeCandidate candidate, boolean exists) {
    var prefix = chances.prefixes().get(i);
    int pincode = candidate.pincode();
    double right = exists ? PincodeEvidence.rightIn(prefix, pincode) : 0; // else there is none
    double slip = PincodeEvidence.slipIn(prefix, pincode);
    return PincodeEvidence.weight(candidate.cue(), right, slip, right, wrong);
  }

  /** The heaviest prefixes, at least one; of equal ones the lower. */
  private void rank() {
    found = 0;
    double least = LEAST * total;
    for (int i = 0; i < weights.length; i++) {
      if (found > 0 && weights[i] < least) continue;
      int at = found;
      while (at > 0 && weights[likely[at - 1]] < weights[i]) at--;
      if (at == Hypotheses.MOST) continue;
      System.arraycopy(likely, at, likely, at + 1, Math.min(found, Hypotheses.MOST) - at);
      likely[at] = i;
      found = Math.min(found + 1, Hypotheses.MOST);
    }
    int heavy = 1;
    while (heavy < found && weights[likely[heavy]] >= least) heavy++;
    found = heavy;
  }

  /**
   * One of the likeliest prefixes.
   *
   * @param rank from 0, the likeliest first
   */
  public String prefix(int rank) {
    return chances.prefixes().get(likely[rank]);
  }

  /** Hypotheses of those of the likeliest prefixes that are {@code served}; to be called once. */
  public Hypotheses hypotheses(Set<String> served) {
    var located = new ArrayList<Located>(found);
    var probabilities = chances.probabilities();
    for (int rank = 0; rank < found; rank++) {
      int i = likely[rank];
      var prefix = prefix(rank);
      if (!served.contains(prefix)) continue;
      located.add(new Located(prefix, PrefixFit.weight(probabilities[i])));
      weights[i] = 0; // of the others
    }
    double others = 0;
    for (double weight : weights) others += weight;
    var othersRight = new ArrayList<Double>(pincodes.size());
    for (int j = 0; j < pincodes.size(); j++) othersRight.add(exist[j] ? othersRight(j) : 0.0);
    return new Hypotheses(located, others, othersRight, wrong);
  }

  /** The part of the weight of all prefixes in which a pincode is right. */
  private double othersRight(int j) {
    var candidate = pincodes.get(j);
    int owners = chances.table().of(candidate.pincode(), own);
    double sum = 0;
    for (int k = 0; k < owners; k++) {
      double right = PincodeEvidence.rightIn(chances.prefixes().get(own[k]), candidate.pincode());
      double part = PincodeEvidence.rightWeight(candidate.cue(), right, wrong);
      sum += weights[own[k]] * (part / ownWeight(own[k], candidate, true));
    }
    return sum;
  }
}
