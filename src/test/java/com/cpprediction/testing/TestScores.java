package com.cpprediction.testing;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Belief;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PincodeLikelihoods;
import com.cpprediction.prediction.Posterior;
import com.cpprediction.prediction.PrefixChances;
import com.cpprediction.prediction.PrefixFit;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.prediction.PrefixSource;
import com.cpprediction.prediction.Scored;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Scores as of a model, and chances as of a national stage. */
public final class TestScores {
  /** Prefixes of no pincode, which share what is left of the probability. */
  private static final int OTHERS = 99;

  private TestScores() {}

  /**
   * Scores that predict {@code candidates} with their confidence whatever the pincode; what their
   * confidences lack of 1 goes to further CPs, each with less.
   */
  public static PrefixScores of(String fingerprint, Address address, List<Candidate> candidates) {
    double rest = 1 - candidates.stream().mapToDouble(Candidate::confidence).sum();
    double least = candidates.get(candidates.size() - 1).confidence();
    int others = rest < 1e-9 ? 0 : (int) Math.floor(rest / least) + 1;
    int size = candidates.size() + others;
    var cps = new String[size];
    var text = new double[size];
    for (int i = 0; i < size; i++) {
      boolean given = i < candidates.size();
      cps[i] = given ? candidates.get(i).cp() : "CP-other-" + i;
      text[i] = given ? candidates.get(i).confidence() : rest / others;
    }
    int pincodes = address.candidates().size();
    var right = new double[size * pincodes];
    var slip = new double[size * pincodes];
    var near = new double[pincodes];
    Arrays.fill(right, 0.5);
    Arrays.fill(slip, 1e-4);
    Arrays.fill(near, 0.02);
    var usual = new int[size];
    return new PrefixScores(fingerprint, 0, pincodes, cps, text, right, slip, near, usual);
  }

  /**
   * A prefix that has {@code probability} of the {@linkplain PrefixFit#weight weight} of all, and
   * others that no model serves.
   */
  public static PrefixChances chances(String prefix, double probability) {
    double low = 0;
    double high = 1;
    for (int i = 0; i < 60; i++) {
      double chance = (low + high) / 2;
      double own = PrefixFit.weight(chance);
      double others = OTHERS * PrefixFit.weight((1 - chance) / OTHERS);
      if (own < probability * (own + others)) low = chance;
      else high = chance;
    }
    var prefixes = new ArrayList<String>();
    for (int i = 1; i <= OTHERS; i++) prefixes.add("0%02d".formatted(i));
    prefixes.add(prefix);
    var probabilities = new ArrayList<>(Collections.nCopies(OTHERS, (1 - high) / OTHERS));
    probabilities.add(high);
    return new PrefixChances(
        prefixes, probabilities.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** A prediction of {@code prefix} that believes the pincode of {@code address}. */
  public static Posterior believing(Address address, String prefix, Scored scored) {
    var pincode = address.pincode();
    var belief =
        new Belief(
            prefix,
            pincode == null ? PrefixSource.TEXT : PrefixSource.PINCODE,
            pincode,
            pincode == null ? null : 0.000123,
            pincode,
            PincodeErrors.of(0.01));
    var prefixes = Collections.nCopies(scored.candidates().size(), prefix);
    var likelihoods = pincode == null ? null : new PincodeLikelihoods(0.5, 1e-4, 0.02, 5e-5);
    return new Posterior(scored, belief, prefixes, likelihoods);
  }
}
