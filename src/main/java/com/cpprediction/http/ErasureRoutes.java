package com.cpprediction.http;

import com.cpprediction.audit.AuditEntry;
import com.cpprediction.audit.AuditLog;
import com.cpprediction.bus.Bus;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.metrics.FailureLog;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.Problem;
import com.cpprediction.serving.ShipmentReader;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** {@code DELETE /shipments}, over HTTP and the event bus. */
final class ErasureRoutes {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final String SHIPMENT_ID = "shipment_id";

  private final Vertx vertx;
  private final PredictionCache cache;
  private final AuditLog audit;
  private final FailureLog failures;
  private @Nullable String erasing; // this node, as it names itself in messages

  ErasureRoutes(Vertx vertx, PredictionCache cache, AuditLog audit, FailureLog failures) {
    this.vertx = vertx;
    this.cache = cache;
    this.audit = audit;
    this.failures = failures;
  }

  /** {@code DELETE /shipments/:shipment_id}. */
  void erase(RoutingContext ctx) {
    erase(ctx, ctx.pathParam(SHIPMENT_ID));
  }

  /** {@code DELETE /shipments?shipment_id=}: for ids that can't be sent as a part of a path. */
  void eraseByQuery(RoutingContext ctx) {
    var given = ctx.queryParam(SHIPMENT_ID);
    if (given.size() != 1) throw ShipmentReader.malformed("Name one shipment_id");
    erase(ctx, given.get(0));
  }

  private void erase(RoutingContext ctx, String given) {
    var id = shipmentId(given);
    erase(id, Exchange.of(ctx).caller())
        .onSuccess(report -> Exchange.respond(ctx, report))
        .onFailure(ctx::fail);
  }

  void erase(Message<Object> message) {
    Future.succeededFuture(message.body())
        .map(ErasureRoutes::read)
        .compose(id -> erase(id, AuditEntry.BUS))
        .onSuccess(message::reply)
        .onFailure(
            cause -> {
              var problem = Problem.of(cause);
              message.fail(problem.failure().code(), problem.detail());
            });
  }

  private static String read(@Nullable Object body) {
    if (body instanceof JsonObject json && json.size() == 1) {
      return shipmentId(json.getValue(SHIPMENT_ID));
    }
    throw ShipmentReader.malformed("The message must be a JsonObject with a shipment_id alone");
  }

  private static String shipmentId(@Nullable Object given) {
    return ShipmentReader.text(given, SHIPMENT_ID, ShipmentReader.MAX_SHIPMENT_ID);
  }

  /** The audit log keeps a digest of {@code id} only. */
  private Future<JsonObject> erase(String id, String caller) {
    return Bus.<JsonObject>ask(vertx, Bus.ERASE, id, Deadline.in(TIMEOUT))
        .map(
            report ->
                report.getJsonObject("erased").copy().put("journal", report.getString("journal")))
        .compose(
            erased ->
                audit
                    .record(new AuditEntry(caller, "erase", AuditEntry.shipment(id), null, erased))
                    .map(new JsonObject().put(SHIPMENT_ID, id).put("erased", erased)));
  }

  /** Another node, or this one, has erased a shipment. */
  void erased(Message<JsonObject> message) {
    failures.forget(message.body().getString(SHIPMENT_ID));
  }

  /** A message of {@link Bus#FORGET_HERE}. */
  void forgetHere(Message<JsonObject> message) {
    erasing = message.body().getString("by");
    forget(message.body().getJsonArray("addresses"))
        .onSuccess(message::reply)
        .onFailure(cause -> message.fail(Failure.INTERNAL.code(), cause.getMessage()));
  }

  /** A message of {@link Bus#FORGET}; this node's own follows one of {@link Bus#FORGET_HERE}. */
  void forget(Message<JsonObject> message) {
    var node = erasing;
    if (node != null && node.equals(message.body().getString("by"))) return;
    forget(message.body().getJsonArray("addresses"));
  }

  /** On a worker: a million entries take a second. */
  private Future<Void> forget(JsonArray addresses) {
    var canonical =
        addresses.stream()
            .map(typed -> Address.canonical((String) typed))
            .collect(Collectors.toSet());
    return vertx.executeBlocking(
        () -> {
          cache.forget(canonical);
          return null;
        },
        false);
  }
}
