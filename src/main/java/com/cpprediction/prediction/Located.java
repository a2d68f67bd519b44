package com.cpprediction.prediction;

import java.util.Objects;

/**
 * A prefix that an address may belong to.
 *
 * @param weight of the words of the address, as {@link PrefixFit#weight}; only ratios count
 */
public record Located(String prefix, double weight) {
  public Located {
    Objects.requireNonNull(prefix, "prefix");
  }
}
