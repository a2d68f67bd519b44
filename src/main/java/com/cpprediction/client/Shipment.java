package com.cpprediction.client;

import io.vertx.core.json.JsonObject;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A shipment to predict; the service checks the rest.
 *
 * @param id the caller's name for it, 1..64 characters
 * @param address as a person typed it, 1..1,000 characters
 * @param pincode six digits, or null where the address has them or nobody knows
 */
public record Shipment(String id, String address, @Nullable String pincode) {
  public Shipment {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(address, "address");
  }

  /** One whose pincode, if there is one, is in the address. */
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
