package com.cpprediction.prediction;

/**
 * Shares of the pincodes of a deployment that are wrong, by the kind of error. What they lack of 1
 * is the share of right ones.
 *
 * @param slips typing errors: another digit, or two neighbours that changed places
 * @param near another pincode of the right prefix
 * @param far any pincode at all; positive, so that an impossible pincode excludes no CP
 */
public record PincodeErrors(double slips, double near, double far) {
  /** Greatest sum of the three. */
  public static final double MOST = 0.9;

  /** Shares of the kinds where only their sum is known. */
  private static final double SLIPS = 0.45;

  private static final double NEAR = 0.3;
  private static final double FAR = 1 - SLIPS - NEAR;
  private static final double LEAST = 1e-6;
  private static final double ROUNDING = 1e-9;

  public PincodeErrors {
    if (!(slips >= 0 && near >= 0 && far > 0 && slips + near + far <= MOST + ROUNDING)) {
      throw new IllegalArgumentException(
          "shares of wrong pincodes: " + slips + ", " + near + ", " + far);
    }
  }

  /**
   * The usual kinds of errors.
   *
   * @param share of wrong pincodes, 0..{@value #MOST}
   */
  public static PincodeErrors of(double share) {
    double wrong = Math.min(MOST, Math.max(share, LEAST));
    return new PincodeErrors(SLIPS * wrong, NEAR * wrong, FAR * wrong);
  }

  /** The share of wrong pincodes, of whatever kind. */
  public double share() {
    return slips + near + far;
  }
}
