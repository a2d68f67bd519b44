package com.cpprediction.http;

import com.cpprediction.cache.PredictionCache;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;

/** {@code GET /cache/stats}, {@code DELETE /cache} and {@code POST /cache/warm}. */
final class CacheRoutes {
  private final PredictionCache cache;
  private final Warming warming;

  CacheRoutes(PredictionCache cache, Warming warming) {
    this.cache = cache;
    this.warming = warming;
  }

  void stats(RoutingContext ctx) {
    Exchange.answer(ctx, cache.stats());
  }

  void stats(Message<Object> message) {
    message.reply(cache.stats());
  }

  void clear(RoutingContext ctx) {
    Exchange.answer(ctx, new JsonObject().put("cleared", cache.clear()));
  }

  void warm(RoutingContext ctx) {
    warming.warm(Door.body(ctx)).onSuccess(json -> Exchange.answer(ctx, json)).onFailure(ctx::fail);
  }
}
