package com.cpprediction.client;

import io.vertx.core.json.JsonObject;
import java.util.Objects;

/**
 * The CP that delivered a shipment. Lengths are validated by the service.
 *
 * @param shipmentId as in its prediction, 1..64 characters
 * @param cp code of the CP, 1..64 characters
 */
public record Outcome(String shipmentId, String cp) {
  public Outcome {
    Objects.requireNonNull(shipmentId, "shipmentId");
    Objects.requireNonNull(cp, "cp");
  }

  JsonObject toJson() {
    return new JsonObject().put("shipment_id", shipmentId).put("cp", cp);
  }
}
