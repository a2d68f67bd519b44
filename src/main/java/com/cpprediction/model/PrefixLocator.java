package com.cpprediction.model;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.Located;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.PincodeCandidate;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PincodeEvidence;
import com.cpprediction.prediction.PrefixChances;
import com.cpprediction.prediction.PrefixFit;
import com.cpprediction.prediction.ServiceException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Names the prefixes that an address may belong to: by its words and its pincodes together, and by
 * its pincode alone where the words can't be asked. Immutable and thread-safe.
 *
 * @param prefixes of the release
 * @param locator of the release
 */
record PrefixLocator(Set<String> prefixes, Locator locator) {
  /** Least share of the weight of all prefixes with which one is scored. */
  private static final double LEAST = 0.01;

  private static final int PINCODE_LENGTH = 6; // and so the longest prefix
  private static final int PREFIX_LENGTH = 3; // of a prefix that has no model

  private static final int FIRST_ARMY_PINCODE = 900_000;
  private static final Pattern ARMY =
      Pattern.compile("(?:^| )(?:apo|fpo|army post|fleet mail)(?: |$)");
  private static final Pattern ARMY_NUMBER = Pattern.compile("(?:^| )9[0-9]{5}(?: |$)");

  /**
   * @param wrongPincodes shares of wrong pincodes to assume
   * @throws ServiceException {@link Failure#UNKNOWN_PREFIX} or {@link Failure#PINCODE_REQUIRED}
   *     when the release has no model of the likeliest prefix, {@link Failure#NOT_READY} when that
   *     can't be told
   */
  Hypotheses locate(Address address, PincodeErrors wrongPincodes) {
    var pincodes = address.candidates();
    if (pincodes.isEmpty()) {
      if (address.endsAbroad()) {
        throw Failure.PINCODE_REQUIRED.because(
            "The address has no pincode and ends in a place abroad; if it is in India, add the"
                + " pincode to the address or send it as pincode");
      }
      if (ARMY_NUMBER.matcher(address.text()).find() && isOfArmy(address)) {
        throw Failure.PINCODE_REQUIRED.because(
            "The address is one of the army's post, which no model serves; send a pincode of India"
                + " Post as pincode");
      }
      var chances = locator.locate(address.text());
      if (chances == null) {
        throw Failure.PINCODE_REQUIRED.because(
            "The address has no pincode; add it to the address or send it as pincode");
      }
      return likely(chances, pincodes, wrongPincodes);
    }
    var chances = chances(address.text());
    return chances == null || !weighs(chances, address)
        ? byPincode(address, wrongPincodes)
        : likely(chances, pincodes, wrongPincodes);
  }

  /**
   * By the first pincode alone.
   *
   * @throws ServiceException {@link Failure#UNKNOWN_PREFIX} when no model serves its prefix
   */
  Hypotheses byPincode(Address address, PincodeErrors wrongPincodes) {
    var pincode = address.candidates().get(0).digits();
    var prefix = prefixOf(pincode);
    if (prefix == null) throw unknown(pincode.substring(0, PREFIX_LENGTH));
    return Hypotheses.certain(prefix, address, wrongPincodes);
  }

  /**
   * @return the longest prefix of {@code pincode} that the release has, if any
   */
  @Nullable String prefixOf(String pincode) {
    for (int length = PINCODE_LENGTH; length > 0; length--) {
      var prefix = pincode.substring(0, length);
      if (prefixes.contains(prefix)) return prefix;
    }
    return null;
  }

  /** Absent where the words can't be asked: the pincode decides then. */
  private @Nullable PrefixChances chances(String text) {
    try {
      return locator.locate(text);
    } catch (ServiceException e) {
      if (e.failure() != Failure.NOT_READY) throw e;
      return null;
    }
  }

  /**
   * Whether the words may outweigh the pincodes: only where the prefixes that they know include
   * that of the first pincode, or of another one if no model serves the first, or where the first
   * does not exist. Else the words would favour the few that they know.
   */
  private boolean weighs(PrefixChances chances, Address address) {
    var pincodes = address.candidates();
    var prefix = prefixOf(pincodes.get(0).digits());
    if (prefix != null) return chances.prefixes().contains(prefix);
    return !exists(pincodes.get(0).pincode(), address)
        || pincodes.stream().anyMatch(pincode -> knows(chances, pincode));
  }

  /** The directory of India Post has no pincodes of the army. */
  private boolean exists(int pincode, Address address) {
    if (locator.isPincode(pincode)) return true;
    return pincode >= FIRST_ARMY_PINCODE && isOfArmy(address);
  }

  private static boolean isOfArmy(Address address) {
    return ARMY.matcher(address.text()).find();
  }

  private static boolean knows(PrefixChances chances, PincodeCandidate pincode) {
    for (var prefix : chances.prefixes()) {
      if (PincodeEvidence.isOf(pincode.pincode(), prefix)) return true;
    }
    return false;
  }

  private Hypotheses likely(
      PrefixChances chances, List<PincodeCandidate> pincodes, PincodeErrors wrongPincodes) {
    var weights = new Weights(locator, chances, pincodes, wrongPincodes);
    var likely = weights.likely();
    var best = likely.get(0);
    if (!prefixes.contains(best.prefix())) {
      if (!pincodes.isEmpty()) throw unknown(best.prefix());
      throw Failure.PINCODE_REQUIRED.because(
          "The address has no pincode, and no model serves prefix "
              + best.prefix()
              + ", where it seems to be; add it to the address or send it as pincode");
    }
    likely.removeIf(located -> !prefixes.contains(located.prefix()));
    return weights.hypotheses(likely);
  }

  private static ServiceException unknown(String prefix) {
    return Failure.UNKNOWN_PREFIX.because("No model serves prefix " + prefix);
  }

  /** The weight of each prefix by words and pincodes. */
  private static final class Weights {
    private final PrefixChances chances;
    private final List<PincodeCandidate> pincodes;
    private final boolean[] exist; // by pincode
    private final PincodeErrors errors;
    private final double[] words; // weight of each prefix by the words alone
    private final double[] weights;
    private double total;

    Weights(
        Locator locator,
        PrefixChances chances,
        List<PincodeCandidate> pincodes,
        PincodeErrors errors) {
      this.chances = chances;
      this.pincodes = pincodes;
      this.errors = errors;
      exist = new boolean[pincodes.size()];
      for (int j = 0; j < exist.length; j++) {
        exist[j] = locator.isPincode(pincodes.get(j).pincode());
      }
      weights = chances.probabilities().clone();
      for (int i = 0; i < weights.length; i++) weights[i] = PrefixFit.weight(weights[i]);
      words = weights.clone();
      for (int i = 0; i < weights.length; i++) {
        for (int j = 0; j < exist.length; j++) weights[i] *= weight(i, j);
        total += weights[i];
      }
    }

    private double weight(int i, int j) {
      var prefix = chances.prefixes().get(i);
      var pincode = pincodes.get(j);
      double right = right(prefix, j);
      double slip = PincodeEvidence.slipIn(prefix, pincode.pincode());
      return PincodeEvidence.weight(pincode.cue(), right, slip, right, errors);
    }

    /** Probability of a pincode of the prefix; of one that doesn't exist, none. */
    private double right(String prefix, int j) {
      return exist[j] ? PincodeEvidence.rightIn(prefix, pincodes.get(j).pincode()) : 0;
    }

    /** The heaviest prefixes, at least one; of equal ones the lower. */
    List<Located> likely() {
      var best = new ArrayList<Integer>(Hypotheses.MOST + 1);
      for (int i = 0; i < weights.length; i++) {
        if (!best.isEmpty() && weights[i] < LEAST * total) continue;
        int at = best.size();
        while (at > 0 && weights[best.get(at - 1)] < weights[i]) at--;
        best.add(at, i);
        if (best.size() > Hypotheses.MOST) best.remove(Hypotheses.MOST);
      }
      var likely = new ArrayList<Located>();
      for (int i : best) {
        if (likely.isEmpty() || weights[i] >= LEAST * total) likely.add(located(i));
      }
      return likely;
    }

    private Located located(int i) {
      return new Located(chances.prefixes().get(i), words[i]);
    }

    Hypotheses hypotheses(List<Located> likely) {
      double others = 0;
      var right = new double[pincodes.size()];
      var chosen = likely.stream().map(Located::prefix).toList();
      for (int i = 0; i < weights.length; i++) {
        var prefix = chances.prefixes().get(i);
        if (chosen.contains(prefix)) continue;
        others += weights[i];
        for (int j = 0; j < right.length; j++) {
          double whenRight = right(prefix, j);
          if (whenRight == 0) continue;
          double part = PincodeEvidence.rightWeight(pincodes.get(j).cue(), whenRight, errors);
          right[j] += weights[i] * (part / weight(i, j));
        }
      }
      var othersRight = new ArrayList<Double>(right.length);
      for (double weight : right) othersRight.add(weight);
      return new Hypotheses(likely, others, othersRight, errors);
    }
  }
}
