package com.cpprediction.http;

import com.cpprediction.bus.Bus;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.ShipmentReader;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Routes that query other verticles of this node. */
final class QueryRoutes {
  private static final Pattern WEEKS = Pattern.compile("[1-9][0-9]{0,2}");
  private static final Pattern PREFIX = Pattern.compile("[1-9][0-9]{2}");
  private static final int USUAL_WEEKS = 12;
  private static final int MAX_NAMES = 100;

  private final Vertx vertx;
  private final Supplier<PredictionConfig> config;
  private final ByteBudget budget;
  private final SharedResponse models;
  private final SharedResponse shadow;
  private final SharedResponse drift;

  QueryRoutes(Vertx vertx, Supplier<PredictionConfig> config, ByteBudget budget) {
    this.vertx = vertx;
    this.config = config;
    this.budget = budget;
    models = SharedResponse.json(vertx, () -> query(Bus.MODELS_STATUS, null));
    drift = SharedResponse.json(vertx, () -> query(Bus.MODELS_DRIFT, null));
    shadow = SharedResponse.json(vertx, () -> query(Bus.SHADOW_STATUS, null));
  }

  /** {@code GET /predictions/:shipment_id}. */
  void stored(RoutingContext ctx) {
    stored(ctx, ctx.pathParam("shipment_id"));
  }

  /**
   * {@code GET /predictions?shipment_id=}: for the ids {@code .} and {@code ..}, which browsers and
   * many clients remove from a path even when encoded.
   */
  void storedByQuery(RoutingContext ctx) {
    var given = ctx.queryParam("shipment_id");
    if (given.size() != 1) throw ShipmentReader.malformed("Name one shipment_id");
    stored(ctx, given.get(0));
  }

  private void stored(RoutingContext ctx, String id) {
    budget.rejectIfFull();
    var limits = Exchange.of(ctx).limits();
    limits.admit(1);
    ctx.addEndHandler(ended -> limits.release(1));
    var shipmentId = ShipmentReader.text(id, "shipment_id", ShipmentReader.MAX_SHIPMENT_ID);
    respond(
        ctx,
        this.<JsonArray>query(Bus.STORED, shipmentId)
            .map(
                stored -> {
                  if (stored.isEmpty()) {
                    throw Failure.NOT_FOUND.because("No stored prediction of this shipment");
                  }
                  return new JsonObject().put("shipment_id", shipmentId).put("predictions", stored);
                }));
  }

  /** {@code GET /outcomes/weeks}. */
  void outcomeWeeks(RoutingContext ctx) {
    var weeks = ctx.queryParam("weeks");
    var prefix = ctx.queryParam("prefix");
    if (weeks.size() > 1 || !weeks.isEmpty() && !WEEKS.matcher(weeks.get(0)).matches()) {
      throw ShipmentReader.malformed("weeks must be a number from 1 to 999");
    }
    if (prefix.size() > 1 || !prefix.isEmpty() && !PREFIX.matcher(prefix.get(0)).matches()) {
      throw ShipmentReader.malformed("prefix must be three digits");
    }
    var query =
        new JsonObject()
            .put("weeks", weeks.isEmpty() ? USUAL_WEEKS : Integer.parseInt(weeks.get(0)))
            .put("prefix", prefix.isEmpty() ? "" : prefix.get(0));
    respond(ctx, query(Bus.OUTCOME_WEEKS, query));
  }

  /** {@code GET /outcomes/shipment?shipment_id=}. */
  void outcomeOf(RoutingContext ctx) {
    var given = ctx.queryParam("shipment_id");
    if (given.size() != 1) throw ShipmentReader.malformed("Name one shipment_id");
    var id = ShipmentReader.text(given.get(0), "shipment_id", ShipmentReader.MAX_SHIPMENT_ID);
    respond(
        ctx,
        this.<JsonObject>query(Bus.OUTCOME_OF, id)
            .map(
                outcome -> {
                  if (outcome.isEmpty()) {
                    throw Failure.NOT_FOUND.because("No outcome of this shipment is known");
                  }
                  return outcome;
                }));
  }

  /** {@code GET /models/status}. */
  void models(RoutingContext ctx) {
    models.handle(ctx);
  }

  /** {@code GET /models/names?cp=&prefix=}: where CPs and prefixes are. */
  void names(RoutingContext ctx) {
    var codes = ctx.queryParam("cp");
    var prefixes = ctx.queryParam("prefix");
    if (codes.isEmpty() && prefixes.isEmpty() || codes.size() + prefixes.size() > MAX_NAMES) {
      throw ShipmentReader.malformed("Name 1 to %d CPs and prefixes".formatted(MAX_NAMES));
    }
    var cps = this.<JsonArray>query(Bus.CPS, new JsonObject().put("codes", new JsonArray(codes)));
    var places =
        this.<JsonArray>query(
            Bus.PREFIXES, new JsonObject().put("prefixes", new JsonArray(prefixes)));
    respond(
        ctx,
        Future.all(cps, places)
            .map(
                found ->
                    new JsonObject().put("cps", cps.result()).put("prefixes", places.result())));
  }

  /** {@code GET /models/drift}. */
  void drift(RoutingContext ctx) {
    drift.handle(ctx);
  }

  /** {@code GET /models/shadow}. */
  void shadow(RoutingContext ctx) {
    shadow.handle(ctx);
  }

  /** {@code GET /models/:prefix}. */
  void model(RoutingContext ctx) {
    respond(ctx, query(Bus.MODEL_STATUS, ctx.pathParam("prefix")));
  }

  private <T> Future<T> query(String address, @Nullable Object body) {
    return Bus.ask(vertx, address, body, Deadline.in(config.get().timeout()));
  }

  private static void respond(RoutingContext ctx, Future<JsonObject> json) {
    json.onSuccess(body -> Exchange.respond(ctx, body)).onFailure(ctx::fail);
  }
}
