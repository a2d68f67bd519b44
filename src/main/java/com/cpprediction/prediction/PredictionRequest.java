package com.cpprediction.prediction;

import java.util.Objects;
import java.util.UUID;

/**
 * A validated shipment to predict the CP of.
 *
 * @param id UUID v7, from the caller or generated; contains the time of the prediction, and a
 *     repeated id is stored once
 * @param shipmentId the caller's id of the shipment, 1..64 characters
 * @param typed the address as in the request, 1..1,000 characters
 * @param address its canonical form
 * @param located the prefix, which selects the model
 */
public record PredictionRequest(
    UUID id, String shipmentId, String typed, Address address, Located located) {
  public PredictionRequest {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(shipmentId, "shipmentId");
    Objects.requireNonNull(typed, "typed");
    Objects.requireNonNull(address, "address");
    Objects.requireNonNull(located, "located");
  }

  public String prefix() {
    return located.prefix();
  }

  /** A copy to be scored by another model. */
  public PredictionRequest at(Located place) {
    return new PredictionRequest(id, shipmentId, typed, address, place);
  }

  public Prediction predicted(Scored scored, Prediction.Source source) {
    return new Prediction(this, scored, source);
  }
}
