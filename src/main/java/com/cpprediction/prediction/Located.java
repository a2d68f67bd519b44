package com.cpprediction.prediction;

import java.util.Objects;

/**
 * A prefix that an address may belong to.
 *
 * @param probability of the prefix given the words of the address, 0..1; the pincode is not in it
 */
public record Located(String prefix, double probability) {
  public Located {
    Objects.requireNonNull(prefix, "prefix");
  }
}
