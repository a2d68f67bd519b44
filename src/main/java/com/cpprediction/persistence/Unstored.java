package com.cpprediction.persistence;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * The rows of a request that were not stored.
 *
 * @param refused ids of rows rejected by PostgreSQL
 * @param taken ids that belong to another shipment
 */
record Unstored(List<UUID> refused, List<UUID> taken) {
  static final Unstored NONE = new Unstored(List.of(), List.of());

  /** Adds ids that belong to another shipment. */
  Unstored and(List<UUID> others) {
    if (others.isEmpty()) return this;
    return new Unstored(refused, Stream.concat(taken.stream(), others.stream()).toList());
  }

  /** The response of {@link com.cpprediction.bus.Bus#RECORD}. */
  JsonObject json() {
    return new JsonObject().put("refused", array(refused)).put("taken", array(taken));
  }

  private static JsonArray array(List<UUID> ids) {
    return new JsonArray(ids.stream().map(UUID::toString).toList());
  }
}
