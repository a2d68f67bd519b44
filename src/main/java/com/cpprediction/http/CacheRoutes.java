package com.cpprediction.http;

import com.cpprediction.cache.PredictionCache;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.CacheWarmer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Function;

/** {@code GET /cache/stats}, {@code DELETE /cache} and {@code POST /cache/warm}. */
final class CacheRoutes {
  private final Vertx vertx;
  private final PredictionCache cache;
  private final BodyReader reader;
  private final CacheWarmer warmer;

  CacheRoutes(Vertx vertx, PredictionCache cache, BodyReader reader, CacheWarmer warmer) {
    this.vertx = vertx;
    this.cache = cache;
    this.reader = reader;
    this.warmer = warmer;
  }

  void stats(RoutingContext ctx) {
    Exchange.respond(ctx, cache.stats());
  }

  void stats(Message<Object> message) {
    message.reply(cache.stats());
  }

  void clear(RoutingContext ctx) {
    clear().onSuccess(json -> Exchange.respond(ctx, json)).onFailure(ctx::fail);
  }

  void clear(Message<Object> message) {
    clear()
        .onSuccess(message::reply)
        .onFailure(cause -> message.fail(Failure.of(cause).code(), Failure.INTERNAL.title()));
  }

  /** On a worker: a million entries take a second. */
  private Future<JsonObject> clear() {
    return vertx
        .executeBlocking(cache::clear, false)
        .map(cleared -> new JsonObject().put("cleared", cleared));
  }

  void warm(RoutingContext ctx) {
    reader
        .read(ctx, Function.<JsonObject>identity())
        .compose(
            body -> warmer.warm(body, Exchange.of(ctx).requestId(), () -> ctx.response().closed()))
        .onSuccess(json -> Exchange.respond(ctx, json))
        .onFailure(ctx::fail);
  }
}
