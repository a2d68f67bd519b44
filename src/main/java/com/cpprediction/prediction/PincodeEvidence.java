package com.cpprediction.prediction;

import com.cpprediction.prediction.PincodeCandidate.Cue;

/**
 * What a pincode says of a CP or a prefix: P(pincode | CP) where the pincode is right, and a
 * mixture of the kinds of {@linkplain PincodeErrors errors} where it is wrong.
 *
 * <p>The constants are a part of every scoring fingerprint by {@link #VERSION}.
 */
public final class PincodeEvidence {
  /**
   * Version of the formulas and constants of this class, of {@link PrefixFit}, and of the choice of
   * prefixes ({@link Hypotheses#MOST}); a part of the scoring fingerprint.
   */
  public static final String VERSION = "3";

  /** Single-digit errors (6 digits by 9 others) and swaps of neighbours (5) of a pincode. */
  public static final int SLIPS = 59;

  /** Pincodes in use in India, by India Post's directory. */
  private static final double DIRECTORY = 19_800;

  /** Probability of a number that is no pincode: uniform over six digits, the first 1 to 9. */
  private static final double NUMBER = 1 / 900_000.0;

  /** Pincodes of a prefix by its length, on average. */
  private static final double[] PINCODES = {DIRECTORY, 2_200, 240, 50, 8, 2, 1};

  private static final int[] POWERS = {1, 10, 100, 1_000, 10_000, 100_000, 1_000_000};
  private static final int LENGTH = 6;

  private PincodeEvidence() {}

  /** Probability that a number of a request is meant as its pincode. */
  static double plausible(Cue cue) {
    return switch (cue) {
      case FIELD, LABELLED -> 1;
      case PLACED -> 0.97;
      case BARE -> 0.7;
    };
  }

  /**
   * Weight of the case that a pincode is right.
   *
   * @param right probability of the pincode where it is right
   */
  public static double rightWeight(Cue cue, double right, PincodeErrors errors) {
    return plausible(cue) * (1 - errors.share()) * right;
  }

  /**
   * Weight of a pincode: that it is right, that it is wrong, and that the number is none, together.
   *
   * @param right probability of the pincode where it is right
   * @param slip the same where it is a typing error
   * @param near the same where it is another one of the right prefix
   */
  public static double weight(
      Cue cue, double right, double slip, double near, PincodeErrors errors) {
    double wrong = errors.slips() * slip + errors.near() * near + errors.far() * far();
    double none = (1 - plausible(cue)) * NUMBER;
    return rightWeight(cue, right, errors) + plausible(cue) * wrong + none;
  }

  /**
   * Probability of a pincode for a shipment of a CP where it is a typing error.
   *
   * @param slipped probability of the right pincodes of which it is a typing error
   */
  public static double slip(double slipped) {
    return slipped / SLIPS;
  }

  /**
   * Probability of a pincode where it is another one of the right prefix.
   *
   * @param pincodes number of pincodes of the prefix; 0 where the pincode is not one of them
   */
  public static double near(int pincodes) {
    return pincodes == 0 ? 0 : 1.0 / pincodes;
  }

  /** Probability of a pincode where it is any at all. */
  public static double far() {
    return 1 / DIRECTORY;
  }

  /** Probability of {@code pincode} for a shipment of {@code prefix} where it is right. */
  public static double rightIn(String prefix, int pincode) {
    return isOf(pincode, prefix) ? 1 / PINCODES[prefix.length()] : 0;
  }

  /** The same where it is a typing error: estimated without knowing which pincodes are in use. */
  public static double slipIn(String prefix, int pincode) {
    int length = prefix.length();
    if (!isOf(pincode, prefix)) return slipInto(slips(prefix, pincode), length);
    int tail = LENGTH - length;
    double slips = 9.0 * tail + Math.max(0, tail - 1);
    return slip(slips / POWERS[tail]);
  }

  /**
   * The same of a pincode that does not begin with the prefix.
   *
   * @param errors number of its typing errors that begin with the prefix
   * @param length of the prefix
   */
  static double slipInto(int errors, int length) {
    return slip(errors / PINCODES[length]);
  }

  /** The same where it is another one of the right prefix. */
  public static double nearIn(String prefix, int pincode) {
    return rightIn(prefix, pincode);
  }

  /** Whether {@code pincode} begins with {@code prefix}. */
  public static boolean isOf(int pincode, String prefix) {
    for (int i = 0; i < prefix.length(); i++) {
      if (prefix.charAt(i) - '0' != digit(pincode, i)) return false;
    }
    return true;
  }

  /** Number of typing errors of {@code pincode} that begin with {@code prefix}. */
  private static int slips(String prefix, int pincode) {
    int length = prefix.length();
    int different = 0;
    int place = 0;
    for (int i = length - 1; i >= 0 && different <= 2; i--) {
      if (prefix.charAt(i) - '0' == digit(pincode, i)) continue;
      different++;
      place = i;
    }
    if (different == 1) {
      boolean swapped = // with the digit behind the prefix
          place == length - 1
              && length < LENGTH
              && prefix.charAt(place) - '0' == digit(pincode, length);
      return swapped ? 2 : 1;
    }
    boolean swapped =
        different == 2
            && place + 1 < length
            && prefix.charAt(place) - '0' == digit(pincode, place + 1)
            && prefix.charAt(place + 1) - '0' == digit(pincode, place);
    return swapped ? 1 : 0;
  }

  /**
   * The typing errors that lead to {@code pincode}: equally those that it leads to.
   *
   * @param out receives {@link #SLIPS} numbers at most, also such as are no pincode
   * @return their number
   */
  public static int slips(int pincode, int[] out) {
    int count = 0;
    for (int i = 0; i < LENGTH; i++) {
      int power = POWERS[LENGTH - 1 - i];
      int digit = digit(pincode, i);
      for (int other = 0; other < 10; other++) {
        if (other != digit) out[count++] = pincode + (other - digit) * power;
      }
      if (i + 1 == LENGTH) break;
      int next = digit(pincode, i + 1);
      if (next != digit) out[count++] = pincode + (next - digit) * (power - power / 10);
    }
    return count;
  }

  private static int digit(int pincode, int place) {
    return pincode / POWERS[LENGTH - 1 - place] % 10;
  }
}
