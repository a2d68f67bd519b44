package com.cpprediction.client;

import io.vertx.core.json.JsonObject;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A shipment to predict. Lengths are validated by the service.
 *
 * @param id the caller's id, 1..64 characters
 * @param address as typed, 1..1,000 characters
 * @param pincode six digits, or null when unknown or part of the address
 */
public record Shipment(String id, String address, @Nullable String pincode) {
  public Shipment {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(address, "address");
  }

  /** A shipment without a separate pincode. */
  public Shipment(String id, String address) {
    this(id, address, null);
  }

  JsonObject toJson(String predictionId) {
    var json =
        new JsonObject()
            .put("prediction_id", predictionId)
            .put("shipment_id", id)
            .put("address", address);
    return pincode == null ? json : json.put("pincode", pincode);
  }
}
