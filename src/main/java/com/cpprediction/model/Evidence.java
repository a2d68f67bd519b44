package com.cpprediction.model;

import java.util.Arrays;

/**
 * What may be used of an index to judge an address: all of it when serving; in training all but the
 * near-duplicates of the address, or the ranker would learn to trust scores that have seen the
 * answer.
 */
public interface Evidence {
  /** Everything the index holds. */
  static Evidence whole(PrefixIndex index) {
    return new Evidence() {
      @Override
      public boolean leavesOut(int row) {
        return false;
      }

      @Override
      public void ridge(float[] similarity, float[] scores) {
        int cps = index.cps();
        Arrays.fill(scores, 0, cps, 0);
        for (int row = 0; row < index.rows(); row++) {
          float s = similarity[row];
          if (s == 0) continue;
          for (int cp = 0; cp < cps; cp++) scores[cp] += s * index.alpha(row, cp);
        }
        for (int cp = 0; cp < cps; cp++) scores[cp] *= index.alphaStep(cp);
      }

      @Override
      public float cpNorm(int cp) {
        return index.cpNorm(cp);
      }

      @Override
      public int cpRows(int cp) {
        return index.cpRows(cp);
      }

      @Override
      public int pincodeRows(int entry) {
        return index.pincodeRows(entry);
      }
    };
  }

  /** Whether {@code row} must not be looked at. */
  boolean leavesOut(int row);

  /**
   * The linear score of every CP.
   *
   * @param similarity of the address to every row of the index
   * @param scores out, by CP
   */
  void ridge(float[] similarity, float[] scores);

  /** Norm of the sum of the rows of {@code cp}; 0 when it has none. */
  float cpNorm(int cp);

  /** Address rows of {@code cp}. */
  int cpRows(int cp);

  /** Address rows of one pair of pincode and CP, by its entry in the index. */
  int pincodeRows(int entry);
}
