package com.cpprediction.prediction;

import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A stored prediction with the columns needed to reproduce it. Unvalidated, since the row may have
 * been changed in the database.
 *
 * @param typed the address as in the request
 * @param pincode the believed one of the pincodes of the request, where there was one
 * @param pincodeField the one that was sent as such, where there was one
 * @param prefix of the predicted CP
 * @param fingerprint of the model and all settings that decided the prediction
 * @param alternatives JSON, an array of CPs with their confidence
 * @param prefixSource label of a {@link PrefixSource}; absent in rows of versions without
 * @param pincodeDoubt as {@link Belief#doubt}
 * @param pincodeBelieved as {@link Belief#believed}
 * @param wrongPincodes shares of wrong pincodes that were assumed; absent in rows of versions
 *     without
 */
public record StoredPrediction(
    UUID id,
    String typed,
    @Nullable String pincode,
    @Nullable String pincodeField,
    String prefix,
    String fingerprint,
    String cp,
    double confidence,
    String alternatives,
    @Nullable String prefixSource,
    @Nullable Float pincodeDoubt,
    @Nullable String pincodeBelieved,
    @Nullable PincodeErrors wrongPincodes) {
  public StoredPrediction {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(typed, "typed");
    Objects.requireNonNull(prefix, "prefix");
    Objects.requireNonNull(fingerprint, "fingerprint");
    Objects.requireNonNull(cp, "cp");
    Objects.requireNonNull(alternatives, "alternatives");
  }
}
