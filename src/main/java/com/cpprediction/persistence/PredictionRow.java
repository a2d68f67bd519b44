package com.cpprediction.persistence;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PredictionIds;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The columns of a stored prediction.
 *
 * @param typed the address as in the request
 * @param pincode the believed one of the request's, six digits, where there was one
 * @param prefix of the first candidate
 * @param candidates best first, at least one
 * @param fingerprint of the models and all settings that decided the prediction
 * @param belief absent in rows that a version without it wrote
 */
record PredictionRow(
    UUID id,
    String shipmentId,
    String typed,
    @Nullable String pincode,
    String prefix,
    List<Candidate> candidates,
    String fingerprint,
    Source source,
    @Nullable StoredBelief belief)
    implements JournalRow {

  static PredictionRow of(Prediction prediction) {
    var request = prediction.request();
    return new PredictionRow(
        request.id(),
        request.shipmentId(),
        request.typed(),
        prediction.belief().pincode(),
        prediction.belief().prefix(),
        prediction.scored().candidates(),
        prediction.scored().fingerprint(),
        prediction.source(),
        StoredBelief.of(prediction));
  }

  /**
   * Whether the row is for this shipment and an address of the same canonical form.
   *
   * @param pincodeField the pincode that was sent as such; of a row without a {@link #belief} the
   *     pincode
   */
  boolean isOf(String shipmentId, String typed, @Nullable String pincodeField) {
    return this.shipmentId.equals(shipmentId)
        && Objects.equals(belief == null ? pincode : belief.pincodeField(), pincodeField)
        && (this.typed.equals(typed)
            || Address.canonical(this.typed).equals(Address.canonical(typed)));
  }

  Candidate best() {
    return candidates.get(0);
  }

  List<Candidate> alternatives() {
    return candidates.subList(1, candidates.size());
  }

  Instant predictedAt() {
    return PredictionIds.timeOf(id);
  }
}
