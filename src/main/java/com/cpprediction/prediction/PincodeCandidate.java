package com.cpprediction.prediction;

import java.util.Objects;

/**
 * A number of a request that can be the pincode of its address.
 *
 * @param pincode six digits, the first 1 to 9
 * @param position of its first digit in the canonical text; -1 for that of the pincode field
 */
public record PincodeCandidate(int pincode, Cue cue, int position) {
  /** Evidence for a candidate, the strongest first. */
  public enum Cue {
    /** It was sent as the pincode. */
    FIELD,
    /** It is next to a word such as "PIN" or "pincode". */
    LABELLED,
    /** It follows a word, or ends the address. */
    PLACED,
    /** It stands elsewhere, such as at the start, or behind another number. */
    BARE
  }

  public PincodeCandidate {
    Objects.requireNonNull(cue, "cue");
    if (pincode < 100_000 || pincode > 999_999) {
      throw new IllegalArgumentException("not a pincode: " + pincode);
    }
  }

  static PincodeCandidate ofField(String digits) {
    return new PincodeCandidate(Integer.parseInt(digits), Cue.FIELD, -1);
  }

  /** The six digits. */
  public String digits() {
    return Integer.toString(pincode);
  }
}
