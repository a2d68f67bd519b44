package com.cpprediction.http;

import com.cpprediction.cache.PredictionCache;
import com.cpprediction.serving.CacheWarmer;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Function;

/** {@code GET /cache/stats}, {@code DELETE /cache} and {@code POST /cache/warm}. */
final class CacheRoutes {
  private final PredictionCache cache;
  private final BodyReader reader;
  private final CacheWarmer warmer;

  CacheRoutes(PredictionCache cache, BodyReader reader, CacheWarmer warmer) {
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
    Exchange.respond(ctx, clear());
  }

  void clear(Message<Object> message) {
    message.reply(clear());
  }

  private JsonObject clear() {
    return new JsonObject().put("cleared", cache.clear());
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
