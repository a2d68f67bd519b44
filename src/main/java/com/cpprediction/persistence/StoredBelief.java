package com.cpprediction.persistence;

import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PrefixSource;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The columns of a stored prediction that tell what was believed of its pincodes.
 *
 * @param pincodeField the pincode that was sent as such, six digits, where there was one
 * @param doubt probability that the pincode is not that of the shipment, 0..1; absent without one
 * @param believed the pincode that was believed, where one was
 * @param wrongPincodes shares of wrong pincodes that were assumed
 */
record StoredBelief(
    PrefixSource source,
    @Nullable String pincodeField,
    @Nullable Float doubt,
    @Nullable String believed,
    PincodeErrors wrongPincodes) {
  StoredBelief {
    Objects.requireNonNull(source, "source");
  }

  static StoredBelief of(Prediction prediction) {
    var belief = prediction.belief();
    var doubt = belief.doubt();
    return new StoredBelief(
        belief.source(),
        prediction.request().pincodeField(),
        doubt == null ? null : doubt.floatValue(),
        belief.believed(),
        belief.wrongPincodes());
  }
}
