package com.cpprediction.prediction;

import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A validated shipment to predict the CP of.
 *
 * @param id UUID v7, from the caller or generated; contains the time of the prediction, and a
 *     repeated id is stored once
 * @param shipmentId the caller's id of the shipment, 1..64 characters
 * @param typed the address as in the request, 1..1,000 characters
 * @param address its canonical form
 * @param hypotheses the prefixes, which select the models
 */
public record PredictionRequest(
    UUID id, String shipmentId, String typed, Address address, Hypotheses hypotheses) {
  public PredictionRequest {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(shipmentId, "shipmentId");
    Objects.requireNonNull(typed, "typed");
    Objects.requireNonNull(address, "address");
    Objects.requireNonNull(hypotheses, "hypotheses");
  }

  /** The pincode field of the request; absent where there was none. */
  public @Nullable String pincodeField() {
    return pincodeField(address);
  }

  /** As {@link #pincodeField()}, of the request of {@code address}. */
  public static @Nullable String pincodeField(Address address) {
    for (var candidate : address.candidates()) {
      if (candidate.cue() == PincodeCandidate.Cue.FIELD) return candidate.digits();
    }
    return null;
  }

  /** A copy to be scored by other models. */
  public PredictionRequest at(Hypotheses places) {
    return new PredictionRequest(id, shipmentId, typed, address, places);
  }

  /**
   * The prediction of this by what its models scored.
   *
   * @param source whether all of that was cached
   */
  public Prediction predicted(Posterior posterior, Prediction.Source source) {
    return new Prediction(this, posterior.scored(), posterior.belief(), source);
  }
}
