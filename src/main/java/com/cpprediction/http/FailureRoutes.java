package com.cpprediction.http;

import com.cpprediction.metrics.FailureLog;
import com.cpprediction.metrics.FailureLog.Entry;
import com.cpprediction.metrics.FailureLog.Kind;
import com.cpprediction.serving.ShipmentReader;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.Arrays;

/** {@code GET /failures}. */
final class FailureRoutes {
  private final FailureLog log;

  FailureRoutes(FailureLog log) {
    this.log = log;
  }

  /** The newest failures of a kind on this node, and how many there were of each code. */
  void newest(RoutingContext ctx) {
    var kind = kind(ctx);
    var newest = new JsonArray();
    for (var entry : log.newest(kind)) newest.add(json(entry));
    Exchange.respond(
        ctx,
        new JsonObject()
            .put("kind", kind.label())
            .put("counts", log.counts(kind))
            .put("newest", newest));
  }

  private static Kind kind(RoutingContext ctx) {
    var given = ctx.queryParam("kind");
    return Arrays.stream(Kind.values())
        .filter(kind -> given.size() == 1 && kind.label().equals(given.get(0)))
        .findFirst()
        .orElseThrow(() -> ShipmentReader.malformed("kind must be caller or service"));
  }

  private static JsonObject json(Entry entry) {
    return new JsonObject()
        .put("at", entry.at().toString())
        .put("code", entry.failure().slug())
        .put("status", entry.status())
        .put("request_id", entry.requestId())
        .put("route", entry.route())
        .put("caller", entry.caller())
        .put("shipment_id", entry.shipmentId());
  }
}
