package com.cpprediction.prediction;

import java.util.Objects;
import java.util.UUID;

/**
 * A row of the table of predictions, as far as it decides and holds an answer; unchecked, since
 * anybody with access to the database may have changed it.
 *
 * @param typed the address as a person typed it
 * @param pincode the one that was used, null when there was none
 * @param prefix names the model that answered
 * @param fingerprint of all that decided the answer
 * @param alternatives JSON, an array of CPs with their confidence
 */
public record StoredPrediction(
    UUID id,
    String typed,
    String pincode,
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
