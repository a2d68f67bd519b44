package com.cpprediction.model;

import com.cpprediction.model.format.OwnPlace;
import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.prediction.PincodeCandidate;
import com.cpprediction.prediction.PincodeEvidence;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Probabilities of the pincodes of one address given each CP of a prefix. Allocates nothing once it
 * has seen as many; one instance per thread.
 */
final class PincodeShares {
  private final int[] slips = new int[PincodeEvidence.SLIPS];
  private double[] right = {}; // by pincode and CP
  private double[] slipped = {};
  private double[] near = {};
  private int width;
  private int cps;

  /**
   * @param own place whose addresses are left out; null for none
   */
  void read(
      PrefixIndex index, String prefix, @Nullable OwnPlace own, List<PincodeCandidate> pincodes) {
    width = pincodes.size();
    cps = index.cps();
    resize();
    for (int j = 0; j < width; j++) {
      int pincode = pincodes.get(j).pincode();
      boolean known = index.addPincodeShares(pincode, own, 1, right, j * cps);
      near[j] = PincodeEvidence.near(known ? index.pincodeCount() : 0);
      int count = PincodeEvidence.slips(pincode, slips);
      for (int i = 0; i < count; i++) {
        if (!PincodeEvidence.isOf(slips[i], prefix)) continue;
        index.addPincodeShares(slips[i], own, 1, slipped, j * cps);
      }
    }
  }

  private void resize() {
    int cells = width * cps;
    if (right.length < cells) {
      right = new double[cells];
      slipped = new double[cells];
    }
    if (near.length < width) near = new double[width];
    Arrays.fill(right, 0, cells, 0);
    Arrays.fill(slipped, 0, cells, 0);
  }

  /** Number of pincodes. */
  int width() {
    return width;
  }

  double right(int cp, int j) {
    return right[j * cps + cp];
  }

  double slip(int cp, int j) {
    return PincodeEvidence.slip(slipped[j * cps + cp]);
  }

  double near(int j) {
    return near[j];
  }

  /** Whether a pincode of the address is one of {@code cp}. */
  boolean owns(int cp) {
    for (int j = 0; j < width; j++) if (right(cp, j) > 0) return true;
    return false;
  }
}
