package com.cpprediction.prediction;

import java.util.List;

/**
 * The probability of each prefix given the words of an address.
 *
 * @param prefixes ascending; shared
 * @param probabilities of the same, 0..1, with sum 1; owned by the receiver
 */
@SuppressWarnings("ArrayRecordComponent")
public record PrefixChances(List<String> prefixes, double[] probabilities) {
  public PrefixChances {
    if (prefixes.size() != probabilities.length) {
      throw new IllegalArgumentException("prefixes and probabilities differ in number");
    }
  }
}
