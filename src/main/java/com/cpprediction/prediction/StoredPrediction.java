package com.cpprediction.prediction;

import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A stored prediction with the columns needed to reproduce it. Unvalidated, since the row may have
 * been changed in the database.
 *
 * @param typed the address as in the request
 * @param pincode the pincode used, where there was one
 * @param prefix of the model
 * @param fingerprint of the model and all settings that decided the prediction
 * @param alternatives JSON, an array of CPs with their confidence
 */
public record StoredPrediction(
    UUID id,
    String typed,
    @Nullable String pincode,
    String prefix,
    String fingerprint,
    String cp,
    double confidence,
    String alternatives) {
  public StoredPrediction {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(typed, "typed");
    Objects.requireNonNull(prefix, "prefix");
    Objects.requireNonNull(fingerprint, "fingerprint");
    Objects.requireNonNull(cp, "cp");
    Objects.requireNonNull(alternatives, "alternatives");
  }
}
