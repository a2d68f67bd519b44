package com.cpprediction.chaos;

import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Random;
import java.util.UUID;

/** Requests without end: every other one of a house that was asked before, as a cache has them. */
final class Shipments {
  /** A request and the id it goes by. */
  record Shipment(UUID id, String shipmentId, JsonObject body) {}

  private static final int KNOWN_HOUSES = 3;

  private final List<SmallRelease.Row> rows = SmallRelease.rows();
  private final Random random;
  private long made;

  Shipments(long seed) {
    random = new Random(seed);
  }

  Shipment next() {
    var row = rows.get(random.nextInt(rows.size()));
    long house = random.nextBoolean() ? random.nextInt(KNOWN_HOUSES) : 1_000 + made;
    var shipmentId = "L-" + made++;
    var id = PredictionIds.next();
    var body =
        new JsonObject()
            .put("prediction_id", id.toString())
            .put("shipment_id", shipmentId)
            .put("address", "House " + house + ", " + row.typed())
            .put("pincode", row.pincode());
    return new Shipment(id, shipmentId, body);
  }
}
