package com.cpprediction.http;

import com.cpprediction.audit.AuditEntry;
import com.cpprediction.audit.AuditLog;
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
  private final AuditLog audit;

  CacheRoutes(
      Vertx vertx, PredictionCache cache, BodyReader reader, CacheWarmer warmer, AuditLog audit) {
    this.vertx = vertx;
    this.cache = cache;
    this.reader = reader;
    this.warmer = warmer;
    this.audit = audit;
  }

  void stats(RoutingContext ctx) {
    Exchange.respond(ctx, cache.stats());
  }

  void stats(Message<Object> message) {
    message.reply(cache.stats());
  }

  void clear(RoutingContext ctx) {
    clear(Exchange.of(ctx).caller())
        .onSuccess(json -> Exchange.respond(ctx, json))
        .onFailure(ctx::fail);
  }

  void clear(Message<Object> message) {
    clear(AuditEntry.BUS)
        .onSuccess(message::reply)
        .onFailure(cause -> message.fail(Failure.of(cause).code(), Failure.INTERNAL.title()));
  }

  /** On a worker: a million entries take a second. */
  private Future<JsonObject> clear(String caller) {
    return vertx
        .executeBlocking(cache::clear, false)
        .map(cleared -> new JsonObject().put("cleared", cleared))
        .compose(json -> record(caller, "clear-cache", json).map(json));
  }

  private Future<Void> record(String caller, String action, JsonObject after) {
    return audit.record(new AuditEntry(caller, action, "", null, after));
  }

  void warm(RoutingContext ctx) {
    reader
        .read(ctx, Function.<JsonObject>identity())
        .compose(
            body -> warmer.warm(body, Exchange.of(ctx).requestId(), () -> ctx.response().closed()))
        .compose(json -> record(Exchange.of(ctx).caller(), "warm-cache", json).map(json))
        .onSuccess(json -> Exchange.respond(ctx, json))
        .onFailure(ctx::fail);
  }
}
