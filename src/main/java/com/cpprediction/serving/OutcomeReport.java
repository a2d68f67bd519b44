package com.cpprediction.serving;

import com.cpprediction.prediction.ServiceException;
import io.vertx.core.json.JsonObject;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One item of {@code POST /outcomes}: where a shipment truly went, or why that can't be read.
 *
 * @param author name of the caller, or empty
 * @param shipmentId where it can be read
 * @param cp of a good one
 * @param failure why it can't be read
 */
public record OutcomeReport(
    String author,
    @Nullable String shipmentId,
    @Nullable String cp,
    @Nullable ServiceException failure) {
  /** As long as training reads them. */
  static final int MAX_CP = 64;

  private static final Set<String> KNOWN = Set.of("shipment_id", "cp");

  public static OutcomeReport read(@Nullable Object item, String author) {
    try {
      var json = ShipmentReader.object(item, "An outcome");
      ShipmentReader.onlyKnown(json, KNOWN);
      var shipmentId = ShipmentReader.required(json, "shipment_id", ShipmentReader.MAX_SHIPMENT_ID);
      var cp = cp(json);
      return new OutcomeReport(author, shipmentId, cp, null);
    } catch (ServiceException e) {
      return new OutcomeReport(author, ShipmentReader.shipmentId(item), null, e);
    }
  }

  /** The code of a CP in {@code json}. */
  public static String cp(JsonObject json) {
    var cp = ShipmentReader.required(json, "cp", MAX_CP);
    if (cp.indexOf('\n') >= 0) throw ShipmentReader.malformed("cp contains a line break");
    return cp;
  }

  boolean good() {
    return failure == null;
  }

  /** The form in which {@code cp.outcomes.judge} takes it. */
  JsonObject told() {
    var told = new JsonObject().put("shipment_id", shipmentId).put("cp", cp);
    return author.isEmpty() ? told : told.put("author", author);
  }

  /** The result of an item that can't be read. */
  JsonObject refusal() {
    return new JsonObject()
        .put("shipment_id", shipmentId)
        .put("error", Problem.of(Objects.requireNonNull(failure)).json());
  }
}
