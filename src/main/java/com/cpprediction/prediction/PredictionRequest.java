package com.cpprediction.prediction;

import java.util.Objects;
import java.util.UUID;

/**
 * One shipment to predict, parsed and checked once at the edge.
 *
 * @param id UUID v7, the caller's or made at acceptance; its timestamp is when the prediction was
 *     made, and a repeated id is stored once
 * @param shipmentId the caller's name for the shipment, 1..64 characters
 * @param typed the address as the person typed it, 1..1,000 characters
 * @param address what the model sees of it
 * @param located names the model that scores this request
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

  /** Routing key. */
  public String prefix() {
    return located.prefix();
  }

  /** The same request, to be scored by another model. */
  public PredictionRequest at(Located place) {
    return new PredictionRequest(id, shipmentId, typed, address, place);
  }

  /** The answer to this request. */
  public Prediction answer(Scored scored, Prediction.Source source) {
    return new Prediction(this, scored, source);
  }
}
