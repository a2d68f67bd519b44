package com.cpprediction.prediction;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sums up the weights of the CPs of an address: P(c) ∝ Σ over prefixes p of weight(p) · exp(fit of
 * p) · P(c | p, text) · Π over pincodes of {@link PincodeEvidence#weight}, with the weight and the
 * fit of {@link PrefixFit}. Sums run in the order of the hypotheses and of their scores. One use,
 * and one at a time on a thread.
 */
final class PosteriorWeights {
  private static final double DOUBTED = 0.5;

  private static final ThreadLocal<CpWeights> WEIGHTS = ThreadLocal.withInitial(CpWeights::new);

  private final List<PincodeCandidate> pincodes;
  private final PincodeErrors errors;
  private final CpWeights weights;
  private final List<String> fingerprints;
  private final double[] right; // of each pincode, the weight of the case that it is right
  private final double[] factors;
  private double total;
  private double firstRight; // of the first pincode, as in PincodeLikelihoods
  private double firstSlip;
  private double firstNear;
  private double firstFar;

  /** Sums by CP, in the order in which they came; a hash table with linear probing. */
  private static final class CpWeights {
    private static final int USUAL = 64;

    private String[] cps;
    private double[] sums;
    private double[] highest; // of a prefix
    private String[] prefixes; // with the highest weight
    private int[] usualPincodes;
    private int[] slots; // 1 + index of a CP, 0 where free
    private int size;

    CpWeights() {
      allocate(USUAL);
    }

    /** Forgets everything, and makes room for {@code most} CPs. */
    CpWeights cleared(int most) {
      if (most > cps.length) allocate(most);
      else Arrays.fill(slots, 0);
      size = 0;
      return this;
    }

    private void allocate(int most) {
      cps = new String[most];
      sums = new double[most];
      highest = new double[most];
      prefixes = new String[most];
      usualPincodes = new int[most];
      slots = new int[Math.max(2, 2 * Integer.highestOneBit(2 * most - 1))];
    }

    void add(String prefix, PrefixScores within, int i, double weight) {
      int cp = index(within.cp(i), true);
      sums[cp] += weight;
      if (weight <= highest[cp]) return;
      highest[cp] = weight;
      prefixes[cp] = prefix;
      usualPincodes[cp] = within.usual(i);
    }

    /**
     * @param added whether to add {@code cp} if it isn't there
     * @return -1 where there is none
     */
    int index(String cp, boolean added) {
      int mask = slots.length - 1;
      int hash = cp.hashCode();
      int slot = (hash ^ hash >>> Short.SIZE) & mask;
      while (slots[slot] != 0) {
        int found = slots[slot] - 1;
        if (cps[found].equals(cp)) return found;
        slot = slot + 1 & mask;
      }
      if (!added) return -1;
      slots[slot] = size + 1;
      cps[size] = cp;
      sums[size] = 0;
      highest[size] = -1;
      prefixes[size] = "";
      return size++;
    }

    /**
     * Indexes of the heaviest, equal ones in the order in which they came; returns their number.
     */
    int best(int[] best) {
      int count = 0;
      for (int cp = 0; cp < size; cp++) {
        int at = count;
        while (at > 0 && sums[best[at - 1]] < sums[cp]) at--;
        if (at == best.length) continue;
        count = Math.min(count + 1, best.length);
        System.arraycopy(best, at, best, at + 1, count - at - 1);
        best[at] = cp;
      }
      return count;
    }
  }

  /**
   * @param cps that {@link #add(Located, PrefixScores)} adds, at most
   */
  PosteriorWeights(List<PincodeCandidate> pincodes, Hypotheses hypotheses, int cps) {
    this.pincodes = pincodes;
    weights = WEIGHTS.get().cleared(cps);
    fingerprints = new ArrayList<>(hypotheses.likely().size());
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
      weights.add(located.prefix(), within, i, weight);
    }
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
    var best = new int[Scored.CANDIDATES];
    int count = weights.best(best);
    var candidates = new Candidate[count];
    var prefixes = new String[count];
    for (int i = 0; i < count; i++) {
      candidates[i] = new Candidate(weights.cps[best[i]], weights.sums[best[i]] / total);
      prefixes[i] = weights.prefixes[best[i]];
    }
    var scored = new Scored(Posterior.fingerprint(fingerprints), List.of(candidates));
    return new Posterior(scored, belief(best[0]), List.of(prefixes), likelihoods());
  }

  /** The weight of everything, what was added and the other prefixes. */
  double total() {
    return total;
  }

  /** The probability of {@code cp}; 0 where it was not added. */
  double confidence(String cp) {
    int index = weights.index(cp, false);
    return index < 0 ? 0 : weights.sums[index] / total;
  }

  private Belief belief(int first) {
    var prefix = weights.prefixes[first];
    int usualPincode = weights.usualPincodes[first];
    if (right.length == 0) {
      var usual = usualPincode == 0 ? null : Integer.toString(usualPincode);
      return new Belief(prefix, PrefixSource.TEXT, null, null, usual, errors);
    }
    int likeliest = 0;
    for (int j = 1; j < right.length; j++) if (right[j] > right[likeliest]) likeliest = j;
    int reported = doubt(likeliest) > DOUBTED ? 0 : likeliest;
    var pincode = pincodes.get(reported);
    var source =
        PincodeEvidence.isOf(pincode.pincode(), prefix)
            ? PrefixSource.PINCODE
            : PrefixSource.CORRECTED;
    var digits = pincode.digits();
    double doubt = doubt(reported);
    boolean usual = doubt > DOUBTED && usualPincode != 0;
    var believed = usual ? Integer.toString(usualPincode) : digits;
    return new Belief(prefix, source, digits, doubt, believed, errors);
  }

  private double doubt(int j) {
    return Math.min(1, Math.max(0, 1 - right[j] / total));
  }

  private @Nullable PincodeLikelihoods likelihoods() {
    if (right.length == 0) return null;
    return new PincodeLikelihoods(firstRight, firstSlip, firstNear, firstFar);
  }
}
