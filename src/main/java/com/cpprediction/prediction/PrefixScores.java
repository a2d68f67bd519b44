package com.cpprediction.prediction;

import java.util.Arrays;
import java.util.Objects;

/**
 * The scores of one address by the model of one prefix: of each CP that matters, its probability
 * given the text, and of each pincode of the address its probability given the CP. Depends neither
 * on the other prefixes nor on the share of wrong pincodes. Immutable.
 */
public final class PrefixScores {
  private final String fingerprint;
  private final double fit;
  private final int pincodes;
  private final String[] cps;
  private final double[] text;
  private final double[] right;
  private final double[] slip;
  private final double[] near;
  private final int[] usual;

  /**
   * The arrays are not copied.
   *
   * @param fingerprint scoring fingerprint (64 hex digits) of the model and all settings involved
   * @param fit as {@link PrefixFit#of}
   * @param pincodes number of pincodes of the address
   * @param cps codes of at least one CP
   * @param text probability of each CP given the text, 0..1, with sum 1
   * @param right of CP {@code c} and pincode {@code j} at {@code c * pincodes + j}: probability of
   *     the pincode given the CP, where the pincode is right
   * @param slip the same where it is a typing error
   * @param near of pincode {@code j}: its probability where it is another one of the prefix
   * @param usual likeliest pincode of each CP, 0 where none is known
   */
  public PrefixScores(
      String fingerprint,
      double fit,
      int pincodes,
      String[] cps,
      double[] text,
      double[] right,
      double[] slip,
      double[] near,
      int[] usual) {
    this.fingerprint = Objects.requireNonNull(fingerprint, "fingerprint");
    this.fit = fit;
    this.pincodes = pincodes;
    this.cps = cps;
    this.text = text;
    this.right = right;
    this.slip = slip;
    this.near = near;
    this.usual = usual;
    int cells = cps.length * pincodes;
    if (cps.length == 0 || text.length != cps.length || usual.length != cps.length) {
      throw new IllegalArgumentException("scores of " + cps.length + " CPs don't fit");
    }
    if (right.length != cells || slip.length != cells || near.length != pincodes) {
      throw new IllegalArgumentException("scores of " + pincodes + " pincodes don't fit");
    }
  }

  /** Scoring fingerprint of the model and all settings involved. */
  public String fingerprint() {
    return fingerprint;
  }

  /** How well the prefix fits the words, as {@link PrefixFit#of}. */
  public double fit() {
    return fit;
  }

  /** Number of CPs. */
  public int size() {
    return cps.length;
  }

  /** Number of pincodes of the address. */
  public int pincodes() {
    return pincodes;
  }

  public String cp(int i) {
    return cps[i];
  }

  /** Probability of CP {@code i} given the text, 0..1. */
  public double text(int i) {
    return text[i];
  }

  /** Probability of pincode {@code j} given CP {@code i} where it is right, 0..1. */
  public double right(int i, int j) {
    return right[i * pincodes + j];
  }

  /** Probability of pincode {@code j} given CP {@code i} where it is a typing error, 0..1. */
  public double slip(int i, int j) {
    return slip[i * pincodes + j];
  }

  /** Probability of pincode {@code j} where it is another one of the prefix, 0..1. */
  public double near(int j) {
    return near[j];
  }

  /** The likeliest pincode of CP {@code i}, 0 where none is known. */
  public int usual(int i) {
    return usual[i];
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PrefixScores that
        && fingerprint.equals(that.fingerprint)
        && fit == that.fit
        && pincodes == that.pincodes
        && Arrays.equals(cps, that.cps)
        && Arrays.equals(text, that.text)
        && Arrays.equals(right, that.right)
        && Arrays.equals(slip, that.slip)
        && Arrays.equals(near, that.near)
        && Arrays.equals(usual, that.usual);
  }

  @Override
  public int hashCode() {
    return 31 * fingerprint.hashCode() + Arrays.hashCode(cps);
  }

  @Override
  public String toString() {
    return "PrefixScores[" + fingerprint + ", " + Arrays.toString(cps) + ']';
  }
}
