package com.cpprediction.prediction;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Sums up the weights of the CPs of an address: P(c) ∝ Σ over prefixes p of weight(p) · exp(fit of
 * p) · P(c | p, text) · Π over pincodes of {@link PincodeEvidence#weight}, with the weight and the
 * fit of {@link PrefixFit}. Sums run in the order of the hypotheses and of their scores. One use.
 */
final class PosteriorWeights {
  private static final double DOUBTED = 0.5;

  private final List<PincodeCandidate> pincodes;
  private final PincodeErrors errors;
  private final Map<String, Weight> weights = new LinkedHashMap<>(); // by CP
  private final List<String> fingerprints = new ArrayList<>();
  private final double[] right; // of each pincode, the weight of the case that it is right
  private final double[] factors;
  private double total;
  private double firstRight; // of the first pincode, as in PincodeLikelihoods
  private double firstSlip;
  private double firstNear;
  private double firstFar;

  /** Of one CP, whose prefix is the one with most of the weight. */
  private static final class Weight {
    private double sum;
    private double highest = -1;
    private String prefix = "";
    private int usualPincode;
  }

  PosteriorWeights(List<PincodeCandidate> pincodes, Hypotheses hypotheses) {
    this.pincodes = pincodes;
    errors = hypotheses.wrongPincodes();
    right = new double[pincodes.size()];
    factors = new double[pincodes.size()];
    for (int j = 0; j < right.length; j++) right[j] = hypotheses.othersRight().get(j);
    total = hypotheses.others();
  }

  /** Adds a prefix whose CPs are unknown: they are among the other ones. */
  void add(Located located) {
    var prefix = located.prefix();
    double weight = located.weight();
    for (int j = 0; j < factors.length; j++) {
      int pincode = pincodes.get(j).pincode();
      weight *=
          factor(
              j,
              PincodeEvidence.rightIn(prefix, pincode),
              PincodeEvidence.slipIn(prefix, pincode),
              PincodeEvidence.nearIn(prefix, pincode));
    }
    for (int j = 0; j < factors.length; j++) {
      addRight(j, weight, PincodeEvidence.rightIn(prefix, pincodes.get(j).pincode()));
    }
    if (factors.length > 0) {
      int pincode = pincodes.get(0).pincode();
      addFirst(
          weight,
          PincodeEvidence.rightIn(prefix, pincode),
          PincodeEvidence.slipIn(prefix, pincode),
          PincodeEvidence.nearIn(prefix, pincode));
    }
    total += weight;
  }

  void add(Located located, PrefixScores within) {
    if (within.pincodes() != pincodes.size()) {
      throw new IllegalArgumentException("these are scores of another address");
    }
    fingerprints.add(within.fingerprint());
    double ofPrefix = located.weight() * StrictMath.exp(within.fit());
    for (int i = 0; i < within.size(); i++) {
      double weight = ofPrefix * within.text(i);
      for (int j = 0; j < factors.length; j++) {
        weight *= factor(j, within.right(i, j), within.slip(i, j), within.near(j));
      }
      for (int j = 0; j < factors.length; j++) addRight(j, weight, within.right(i, j));
      if (factors.length > 0) {
        addFirst(weight, within.right(i, 0), within.slip(i, 0), within.near(0));
      }
      total += weight;
      add(located.prefix(), within, i, weight);
    }
  }

  private void add(String prefix, PrefixScores within, int i, double weight) {
    var cp = weights.computeIfAbsent(within.cp(i), code -> new Weight());
    cp.sum += weight;
    if (weight <= cp.highest) return;
    cp.highest = weight;
    cp.prefix = prefix;
    cp.usualPincode = within.usual(i);
  }

  private double factor(int j, double whenRight, double slip, double near) {
    return factors[j] =
        PincodeEvidence.weight(pincodes.get(j).cue(), whenRight, slip, near, errors);
  }

  private void addRight(int j, double weight, double whenRight) {
    right[j] +=
        weight
            * (PincodeEvidence.rightWeight(pincodes.get(j).cue(), whenRight, errors) / factors[j]);
  }

  private void addFirst(double weight, double whenRight, double slip, double near) {
    double rest = weight / factors[0]; // without the first pincode
    firstRight += rest * whenRight;
    firstSlip += rest * slip;
    firstNear += rest * near;
    firstFar += rest * PincodeEvidence.far();
  }

  Posterior posterior() {
    var best = best();
    var first = weight(best.get(0));
    var scored =
        new Scored(
            Posterior.fingerprint(fingerprints),
            best.stream().map(cp -> new Candidate(cp, weight(cp).sum / total)).toList());
    var prefixes = best.stream().map(cp -> weight(cp).prefix).toList();
    return new Posterior(scored, belief(first), prefixes, likelihoods());
  }

  /** The probability of {@code cp}; 0 where it was not added. */
  double confidence(String cp) {
    var weight = weights.get(cp);
    return weight == null ? 0 : weight.sum / total;
  }

  private Weight weight(String cp) {
    return Objects.requireNonNull(weights.get(cp));
  }

  /** The heaviest CPs, equal ones in the order in which they were added. */
  private List<String> best() {
    var best = new ArrayList<String>(Scored.CANDIDATES + 1);
    for (var entry : weights.entrySet()) {
      int at = best.size();
      while (at > 0 && weight(best.get(at - 1)).sum < entry.getValue().sum) at--;
      if (at == Scored.CANDIDATES) continue;
      best.add(at, entry.getKey());
      if (best.size() > Scored.CANDIDATES) best.remove(Scored.CANDIDATES);
    }
    return best;
  }

  private Belief belief(Weight first) {
    var usual = first.usualPincode == 0 ? null : Integer.toString(first.usualPincode);
    if (right.length == 0) {
      return new Belief(first.prefix, PrefixSource.TEXT, null, null, usual, errors);
    }
    int likeliest = 0;
    for (int j = 1; j < right.length; j++) if (right[j] > right[likeliest]) likeliest = j;
    int reported = doubt(likeliest) > DOUBTED ? 0 : likeliest;
    var pincode = pincodes.get(reported);
    var source =
        PincodeEvidence.isOf(pincode.pincode(), first.prefix)
            ? PrefixSource.PINCODE
            : PrefixSource.CORRECTED;
    var believed = doubt(reported) > DOUBTED && usual != null ? usual : pincode.digits();
    return new Belief(first.prefix, source, pincode.digits(), doubt(reported), believed, errors);
  }

  private double doubt(int j) {
    return Math.min(1, Math.max(0, 1 - right[j] / total));
  }

  private @Nullable PincodeLikelihoods likelihoods() {
    if (right.length == 0) return null;
    return new PincodeLikelihoods(firstRight, firstSlip, firstNear, firstFar);
  }
}
