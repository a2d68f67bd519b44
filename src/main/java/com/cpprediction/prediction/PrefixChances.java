package com.cpprediction.prediction;

import java.util.List;

/**
 * The probability of each prefix given the words of an address.
 *
 * @param table the prefixes, ascending; shared
 * @param probabilities of the same, 0..1, with sum 1; overwritten when the thread that received
 *     them asks for others
 */
@SuppressWarnings("ArrayRecordComponent")
public record PrefixChances(PrefixTable table, double[] probabilities) {
  public PrefixChances {
    if (table.size() != probabilities.length) {
      throw new IllegalArgumentException("prefixes and probabilities differ in number");
    }
  }

  /**
   * @param prefixes ascending
   */
  public PrefixChances(List<String> prefixes, double[] probabilities) {
    this(new PrefixTable(prefixes), probabilities);
  }

  /** The prefixes, ascending. */
  public List<String> prefixes() {
    return table.prefixes();
  }
}
