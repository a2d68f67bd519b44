package com.cpprediction.model;

import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.prediction.PincodeEvidence;

/**
 * Probabilities of one pincode given each CP of a prefix.
 *
 * @param right by CP: where the pincode is right
 * @param slipped by CP: of the pincodes of which it is a typing error
 * @param pincodes number of pincodes of the prefix; 0 where it is not one of them
 */
@SuppressWarnings("ArrayRecordComponent")
record PincodeShares(double[] right, double[] slipped, int pincodes) {
  static PincodeShares of(PrefixIndex index, String prefix, int pincode) {
    var right = new double[index.cps()];
    boolean known = index.addPincodeShares(pincode, 1, right);
    var slips = new int[PincodeEvidence.SLIPS];
    var slipped = new double[index.cps()];
    int count = PincodeEvidence.slips(pincode, slips);
    for (int i = 0; i < count; i++) {
      if (PincodeEvidence.isOf(slips[i], prefix)) index.addPincodeShares(slips[i], 1, slipped);
    }
    return new PincodeShares(right, slipped, known ? index.pincodeCount() : 0);
  }

  double right(int cp) {
    return right[cp];
  }

  double slip(int cp) {
    return PincodeEvidence.slip(slipped[cp]);
  }

  double near() {
    return PincodeEvidence.near(pincodes);
  }
}
