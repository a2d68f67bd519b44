package com.cpprediction.http;

import com.cpprediction.prediction.SingleFlight;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Supplier;

/**
 * An answer that is costly to make and the same for all: made once for those who ask meanwhile, and
 * kept once while it is written to them.
 */
final class SharedResponse {
  private final String type;
  private final SingleFlight<Buffer> made;

  /**
   * @param type media type
   * @param content begins to make it, on the context that makes this, without blocking
   */
  SharedResponse(Vertx vertx, String type, Supplier<Future<byte[]>> content) {
    this.type = type;
    made = new SingleFlight<>(vertx, () -> content.get().map(SharedBuffers::of));
  }

  /** As the constructor; encodes on a worker. */
  static SharedResponse json(Vertx vertx, Supplier<Future<JsonObject>> content) {
    return new SharedResponse(
        vertx,
        RouteContract.JSON,
        () ->
            content
                .get()
                .compose(json -> vertx.executeBlocking(() -> json.toBuffer().getBytes(), false)));
  }

  void handle(RoutingContext ctx) {
    Exchange.checkShared(ctx);
    made.get().onSuccess(content -> Exchange.answerShared(ctx, type, content)).onFailure(ctx::fail);
  }
}
