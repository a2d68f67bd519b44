package com.cpprediction.training;

import com.cpprediction.csv.BadRow;
import com.cpprediction.prediction.Address;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A usable row of the training's input.
 *
 * @param text canonical text of the address
 * @param weight rows that it counts as, at least 1
 * @param time if the row has one
 * @param number of the row in the whole input, from 1; unusable rows count
 * @param line number of its first line in its file, from 1
 */
record InputRow(
    LabelledRow row, String text, int weight, @Nullable Instant time, long number, long line) {
  /** Weight of a row of a file, and of an outcome that confirms its own prediction. */
  static final int PLAIN = 1;

  /**
   * The canonical text of an address as typed.
   *
   * @throws BadRow when it is empty, or longer than the service allows
   */
  static String canonical(String address) {
    var text = Address.canonical(address);
    if (text.isEmpty()) throw new BadRow("address has no letter or digit");
    if (text.length() > Address.MAX_TEXT) {
      throw new BadRow(
          "address is longer than %d characters in its canonical form".formatted(Address.MAX_TEXT));
    }
    return text;
  }
}
