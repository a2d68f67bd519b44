package com.cpprediction.training;

import java.util.Arrays;

/** Pincodes of the training rows of a release, from which wrong pincodes are drawn. Immutable. */
public final class PincodePool {
  private static final int PREFIX_SIZE = 1000; // pincodes that share their first three digits

  private final int[] pincodes; // ascending, each once

  private PincodePool(int[] pincodes) {
    this.pincodes = pincodes;
  }

  /** The pool of {@code pincodes}, which may repeat and have any order. */
  public static PincodePool of(int... pincodes) {
    return new PincodePool(Arrays.stream(pincodes).sorted().distinct().toArray());
  }

  /**
   * A pincode of the same prefix: the one at {@code pick} modulo their number, or the next when
   * that is {@code truth}, the first after the last.
   *
   * @param pick not negative
   * @return {@code truth} when the prefix has fewer than two
   */
  int insidePrefix(int truth, long pick) {
    int prefix = truth / PREFIX_SIZE;
    int start = firstFrom(prefix * PREFIX_SIZE);
    int size = firstFrom((prefix + 1) * PREFIX_SIZE) - start;
    if (size < 2) return truth;
    int place = (int) (pick % size);
    if (pincodes[start + place] == truth) place = (place + 1) % size;
    return pincodes[start + place];
  }

  /**
   * A pincode of another prefix: the one at {@code pick} modulo the number of all, or the next of
   * another prefix when that has the prefix of {@code truth}, the first after the last.
   *
   * @param pick not negative
   * @return {@code truth} when the pool has fewer than two pincodes or only this prefix
   */
  int outsidePrefix(int truth, long pick) {
    if (pincodes.length < 2) return truth;
    int place = (int) (pick % pincodes.length);
    for (int i = 0; i < pincodes.length; i++) {
      int found = pincodes[(place + i) % pincodes.length];
      if (found / PREFIX_SIZE != truth / PREFIX_SIZE) return found;
    }
    return truth;
  }

  /** Index of the first pincode that is at least {@code least}. */
  private int firstFrom(int least) {
    int found = Arrays.binarySearch(pincodes, least);
    return found < 0 ? -found - 1 : found;
  }
}
