package com.cpprediction.model.format;

/**
 * What may be used of an index to judge an address: all of it when serving ({@link
 * PrefixIndex#whole}); in training all but the near-duplicates of the address, or the ranker would
 * learn to trust scores that have seen the answer.
 */
public interface Evidence {
  /** Whether {@code row} must not be looked at. */
  boolean leavesOut(int row);

  /**
   * The linear score of a CP.
   *
   * @param similarity of the address to every row of the index
   */
  float ridge(int cp, float[] similarity);

  /** Norm of the sum of the rows of {@code cp}; 0 when it has none. */
  float cpNorm(int cp);

  /** Address rows of {@code cp}. */
  int cpRows(int cp);

  /** Address rows of one pair of pincode and CP, by its entry in the index. */
  int pincodeRows(int entry);
}
