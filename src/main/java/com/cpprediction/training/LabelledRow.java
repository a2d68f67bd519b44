package com.cpprediction.training;

/**
 * An address with its CP.
 *
 * @param address as typed, including surrounding spaces
 * @param pincode six digits
 * @param cp code of the CP that delivers there
 */
public record LabelledRow(String address, String pincode, String cp) {
  /** First three digits of the pincode. */
  String prefix() {
    return pincode.substring(0, 3);
  }
}
