package com.cpprediction.http;

import com.cpprediction.bus.Bus;
import com.cpprediction.prediction.Deadline;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.function.Function;

/** {@code POST /models/reload}, {@code /models/shadow/promote} and {@code /rollback}. */
final class ModelRoutes {
  /** A country's models take seconds to verify, and reloads are serialized. */
  private static final Duration RELOAD_TIMEOUT = Duration.ofMinutes(5);

  private final Vertx vertx;
  private final BodyReader bodies;

  ModelRoutes(Vertx vertx, BodyReader bodies) {
    this.vertx = vertx;
    this.bodies = bodies;
  }

  void reload(RoutingContext ctx) {
    operate(ctx, Bus.MODELS_RELOAD_AS);
  }

  void promote(RoutingContext ctx) {
    operate(ctx, Bus.SHADOW_PROMOTE);
  }

  void rollBack(RoutingContext ctx) {
    operate(ctx, Bus.SHADOW_ROLLBACK);
  }

  private void operate(RoutingContext ctx, String address) {
    body(ctx)
        .compose(
            body ->
                Bus.<JsonObject>ask(
                    vertx, address, body, Deadline.in(RELOAD_TIMEOUT), Exchange.of(ctx).caller()))
        .onSuccess(reply -> Exchange.respond(ctx, reply))
        .onFailure(ctx::fail);
  }

  /** An empty object, which reloads everything, where the request has no body. */
  private Future<JsonObject> body(RoutingContext ctx) {
    var sent = RequestBody.of(ctx);
    return sent == null || sent.isEmpty()
        ? Future.succeededFuture(new JsonObject())
        : bodies.read(ctx, Function.identity());
  }
}
