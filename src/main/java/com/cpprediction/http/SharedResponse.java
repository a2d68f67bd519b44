package com.cpprediction.http;

import com.cpprediction.bus.SingleFlight;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Supplier;

/**
 * A response that is costly to compute and the same for all callers: concurrent requests share one
 * computation and one buffer.
 */
final class SharedResponse {
  private final String type;
  private final SingleFlight<Buffer> content;

  /**
   * @param type media type
   * @param gather starts the computation without blocking, on the context that created this
   */
  SharedResponse(Vertx vertx, String type, Supplier<Future<byte[]>> gather) {
    this.type = type;
    content = new SingleFlight<>(vertx, () -> gather.get().map(SharedBuffers::of));
  }

  /** A JSON response, encoded on a worker. */
  static SharedResponse json(Vertx vertx, Supplier<Future<JsonObject>> gather) {
    return new SharedResponse(
        vertx,
        RouteContract.JSON,
        () ->
            gather
                .get()
                .compose(json -> vertx.executeBlocking(() -> json.toBuffer().getBytes(), false)));
  }

  void handle(RoutingContext ctx) {
    Exchange.checkShared(ctx);
    content
        .get()
        .onSuccess(buffer -> Exchange.respondShared(ctx, type, buffer))
        .onFailure(ctx::fail);
  }
}
