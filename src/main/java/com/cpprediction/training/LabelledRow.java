package com.cpprediction.training;

/**
 * One address whose CP is known.
 *
 * @param address as a person typed it, spaces around it and all
 * @param pincode six digits
 * @param cp code of the CP that delivers there
 */
public record LabelledRow(String address, String pincode, String cp) {
  /** The three digits that name the model of this row. */
  String prefix() {
    return pincode.substring(0, 3);
  }
}
