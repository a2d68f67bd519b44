package com.cpprediction.persistence;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Which of a request's rows are not kept as predictions.
 *
 * @param refused ids of those that PostgreSQL refused
 * @param taken ids that are another shipment's
 */
record Unstored(List<UUID> refused, List<UUID> taken) {
  static final Unstored NONE = new Unstored(List.of(), List.of());

  /** With {@code others} whose ids are another shipment's. */
  Unstored and(List<UUID> others) {
    if (others.isEmpty()) return this;
    return new Unstored(refused, Stream.concat(taken.stream(), others.stream()).toList());
  }

  /** As {@link com.cpprediction.bus.Bus#RECORD} answers. */
  JsonObject json() {
    return new JsonObject().put("refused", array(refused)).put("taken", array(taken));
  }

  private static JsonArray array(List<UUID> ids) {
    return new JsonArray(ids.stream().map(UUID::toString).toList());
  }
}
