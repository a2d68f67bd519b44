package com.cpprediction.prediction;

/**
 * Draws a stable share of addresses by a hash of the canonical text: on every node and after every
 * start the same ones. A greater share contains a smaller one.
 */
public enum AddressShare {
  /** Addresses that a shadow release scores, too. */
  SHADOW(0x9E3779B97F4A7C15L),
  /** Addresses that a canary serves. */
  CANARY(0xD1B54A32D192ED03L);

  private static final double UNIT = 0x1p-53;
  private static final int UNUSED_BITS = 11;

  private final long salt;

  AddressShare(long salt) {
    this.salt = salt;
  }

  /**
   * Whether {@code address} is in a share.
   *
   * @param share 0..1
   */
  public boolean contains(Address address, double share) {
    if (share <= 0) return false;
    return share >= 1 || (mixed(address.text().hashCode() ^ salt) >>> UNUSED_BITS) * UNIT < share;
  }

  /** The finalizer of SplitMix64. */
  private static long mixed(long hash) {
    long z = (hash ^ (hash >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
