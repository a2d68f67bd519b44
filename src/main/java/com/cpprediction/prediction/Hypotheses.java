package com.cpprediction.prediction;

import java.util.Collections;
import java.util.List;

/**
 * The prefixes that an address may belong to, those that are worth scoring.
 *
 * @param likely one to four, likeliest first, by words and pincodes together
 * @param others weight of all other prefixes: the sum over them of the {@linkplain PrefixFit#weight
 *     weight of the words}, times the {@linkplain PincodeEvidence#weight evidence} of the pincodes
 * @param othersRight for each pincode of the address, the part of {@code others} in which it is
 *     right
 * @param wrongPincodes shares of wrong pincodes that were assumed
 */
public record Hypotheses(
    List<Located> likely, double others, List<Double> othersRight, PincodeErrors wrongPincodes) {
  /** Maximum number of prefixes. */
  public static final int MOST = 4;

  public Hypotheses {
    likely = List.copyOf(likely);
    othersRight = List.copyOf(othersRight);
    if (likely.isEmpty() || likely.size() > MOST) {
      throw new IllegalArgumentException(likely.size() + " prefixes, must be in 1.." + MOST);
    }
  }

  /** The prefix is known. */
  public static Hypotheses certain(String prefix, Address address, PincodeErrors wrongPincodes) {
    return new Hypotheses(
        List.of(new Located(prefix, 1)),
        0,
        Collections.nCopies(address.candidates().size(), 0.0),
        wrongPincodes);
  }

  /** These without all prefixes but that at {@code index}. */
  Hypotheses alone(int index) {
    return new Hypotheses(
        List.of(likely.get(index)), 0, Collections.nCopies(othersRight.size(), 0.0), wrongPincodes);
  }

  /** The likeliest prefix. */
  public String prefix() {
    return likely.get(0).prefix();
  }

  /** The prefixes, likeliest first. */
  public List<String> prefixes() {
    if (likely.size() == 1) return List.of(prefix());
    var prefixes = new String[likely.size()];
    for (int i = 0; i < prefixes.length; i++) prefixes[i] = likely.get(i).prefix();
    return List.of(prefixes);
  }
}
