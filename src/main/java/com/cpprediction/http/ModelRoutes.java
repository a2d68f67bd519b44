package com.cpprediction.http;

import com.cpprediction.bus.Bus;
import com.cpprediction.prediction.Deadline;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.function.Function;

/** {@code POST /models/reload}. */
final class ModelRoutes {
  /** A country's models take seconds to check, and reloads wait for each other. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final Vertx vertx;
  private final BodyReader bodies;

  ModelRoutes(Vertx vertx, BodyReader bodies) {
    this.vertx = vertx;
    this.bodies = bodies;
  }

  void reload(RoutingContext ctx) {
    body(ctx)
        .compose(body -> Bus.<JsonObject>ask(vertx, Bus.MODELS_RELOAD, body, Deadline.in(PATIENCE)))
        .onSuccess(reply -> Exchange.answer(ctx, reply))
        .onFailure(ctx::fail);
  }

  /** Without a body everything is reloaded. */
  private Future<JsonObject> body(RoutingContext ctx) {
    var sent = RequestBody.of(ctx);
    return sent == null || sent.isEmpty()
        ? Future.succeededFuture(new JsonObject())
        : bodies.read(ctx, Function.identity());
  }
}
