package com.cpprediction.prediction;

import com.cpprediction.prediction.PincodeCandidate.Cue;

/**
 * What a pincode says of a CP or a prefix: P(pincode | CP) where the pincode is right, and a
 * mixture of typing errors and foreign pincodes where it is wrong.
 *
 * <p>The constants are a part of every scoring fingerprint by {@link #VERSION}.
 */
public final class PincodeEvidence {
  /** Version of the formulas and constants; a part of the scoring fingerprint. */
  public static final String VERSION = "1";

  /** Single-digit errors (6 digits by 9 others) and swaps of neighbours (5) of a pincode. */
  public static final int SLIPS = 59;

  /** Pincodes in use in India, by India Post's directory. */
  private static final double DIRECTORY = 19_800;

  /** Shares of wrong pincodes: typing error; another one of the prefix; any of the directory. */
  private static final double SLIP = 0.45;

  private static final double INSIDE = 0.3;
  private static final double ANYWHERE = 0.25;

  /** Probability of a number that is no pincode: uniform over six digits, the first 1 to 9. */
  private static final double NUMBER = 1 / 900_000.0;

  /** Least share of wrong pincodes assumed, so that an impossible pincode excludes no CP. */
  private static final double LEAST_WRONG = 1e-6;

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
   * Probability of a pincode of a shipment of a CP where it is wrong.
   *
   * @param slipped probability of the pincodes of the CP of which it is a typing error
   * @param pincodes number of pincodes of the CP's prefix; 0 where the pincode is not one of them
   */
  public static double wrong(double slipped, int pincodes) {
    double inside = pincodes == 0 ? 0 : INSIDE / pincodes;
    return SLIP * slipped / SLIPS + inside + ANYWHERE / DIRECTORY;
  }

  /** The share of wrong pincodes that is reckoned with where {@code share} is assumed. */
  static double wrongShare(double share) {
    return Math.max(share, LEAST_WRONG);
  }

  /** Weight of the case that a pincode is right; the parameters are those of {@link #weight}. */
  public static double rightWeight(Cue cue, double right, double share) {
    return plausible(cue) * (1 - wrongShare(share)) * right;
  }

  /** Weight of the case that a pincode is wrong; the parameters are those of {@link #weight}. */
  static double wrongWeight(Cue cue, double wrong, double share) {
    return plausible(cue) * wrongShare(share) * wrong;
  }

  /**
   * Weight of a pincode: that it is right, that it is wrong, and that the number is none, together.
   *
   * @param right probability of the pincode where it is right
   * @param wrong the same where it is wrong
   * @param share of wrong pincodes, 0..0.5
   */
  public static double weight(Cue cue, double right, double wrong, double share) {
    double none = (1 - plausible(cue)) * NUMBER;
    return rightWeight(cue, right, share) + wrongWeight(cue, wrong, share) + none;
  }

  /** Probability of {@code pincode} for a shipment of {@code prefix} where it is right. */
  public static double rightIn(String prefix, int pincode) {
    return isOf(pincode, prefix) ? 1 / PINCODES[prefix.length()] : 0;
  }

  /** The same where it is wrong: estimated without knowing which pincodes are in use. */
  public static double wrongIn(String prefix, int pincode) {
    int length = prefix.length();
    double anywhere = ANYWHERE / DIRECTORY;
    if (isOf(pincode, prefix)) {
      int tail = LENGTH - length;
      double slips = 9.0 * tail + Math.max(0, tail - 1);
      return SLIP * slips / SLIPS / POWERS[tail] + INSIDE / PINCODES[length] + anywhere;
    }
    return SLIP * slips(prefix, pincode) / SLIPS / PINCODES[length] + anywhere;
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
