package com.cpprediction.client;

import io.vertx.core.json.JsonObject;
import java.util.Objects;

/**
 * Where a shipment truly went; the service checks the rest.
 *
 * @param shipmentId as it was predicted, 1..64 characters
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
