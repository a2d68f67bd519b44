package com.cpprediction.model.format;

/**
 * The rows of an index that may contribute to the features of an address: all when serving ({@link
 * PrefixIndex#whole}); in training all except near-duplicates of the address, which would leak the
 * label into the features.
 */
public interface Evidence {
  /** Whether {@code row} is excluded. */
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

  /** Address rows of a pair of pincode and CP, given its entry in the index. */
  int pincodeRows(int entry);
}
