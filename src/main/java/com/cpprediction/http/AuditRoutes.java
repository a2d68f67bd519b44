package com.cpprediction.http;

import com.cpprediction.audit.AuditEntry;
import com.cpprediction.audit.AuditLog;
import com.cpprediction.bus.Bus;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.serving.ShipmentReader;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** {@code GET /audit}, and the recording of operators' calls. */
final class AuditRoutes {
  private static final int USUAL_LIMIT = 100;
  private static final int MAX_LIMIT = 1_000;
  private static final Pattern LIMIT = Pattern.compile("[1-9][0-9]{0,3}");
  private static final Pattern ID =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

  private final Vertx vertx;
  private final Supplier<PredictionConfig> config;
  private final AuditLog log;

  AuditRoutes(Vertx vertx, Supplier<PredictionConfig> config, AuditLog log) {
    this.vertx = vertx;
    this.config = config;
    this.log = log;
  }

  /**
   * Records an operator's call after its action.
   *
   * @param target of the action; empty for the node; never an address or a shipment id
   * @param before state before the action, without secrets
   * @param after state after the action, likewise
   * @return completes once the entry is on the disk; never fails
   */
  Future<Void> record(
      RoutingContext ctx,
      String action,
      String target,
      @Nullable JsonObject before,
      @Nullable JsonObject after) {
    return log.record(new AuditEntry(Exchange.of(ctx).caller(), action, target, before, after));
  }

  /** {@code GET /audit?limit=&before=}. */
  void list(RoutingContext ctx) {
    int limit = limit(ctx);
    var query = new JsonObject().put("limit", limit).put("before", before(ctx));
    Bus.<JsonArray>ask(vertx, Bus.AUDITED, query, Deadline.in(config.get().timeout()))
        .onSuccess(entries -> Exchange.respond(ctx, page(entries, limit)))
        .onFailure(ctx::fail);
  }

  private static JsonObject page(JsonArray entries, int limit) {
    var page = new JsonObject().put("entries", entries);
    return entries.size() < limit
        ? page
        : page.put("next", entries.getJsonObject(entries.size() - 1).getString("id"));
  }

  private static int limit(RoutingContext ctx) {
    var given = ctx.queryParam("limit");
    if (given.isEmpty()) return USUAL_LIMIT;
    int limit = LIMIT.matcher(given.get(0)).matches() ? Integer.parseInt(given.get(0)) : 0;
    if (given.size() > 1 || limit < 1 || limit > MAX_LIMIT) {
      throw ShipmentReader.malformed("limit must be a number from 1 to " + MAX_LIMIT);
    }
    return limit;
  }

  private static @Nullable String before(RoutingContext ctx) {
    var given = ctx.queryParam("before");
    if (given.isEmpty()) return null;
    if (given.size() > 1 || !ID.matcher(given.get(0)).matches()) {
      throw ShipmentReader.malformed("before must be the id of an entry");
    }
    return given.get(0);
  }
}
