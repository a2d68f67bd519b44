package com.cpprediction.http;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.StrictJson;
import io.vertx.core.Future;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Function;

/**
 * One operation, reached over HTTP or over the event bus with the same JSON and the same verdict.
 *
 * @param operation fails with {@link ServiceException}s only
 */
record Door(Function<JsonObject, Future<JsonObject>> operation, ServiceMetrics metrics) {
  private static final byte[] EMPTY = {};

  /** Answers a request whose body was read. */
  void handle(RoutingContext ctx) {
    JsonObject body;
    try {
      body = body(ctx);
    } catch (ServiceException e) {
      metrics.failed(e.failure());
      ctx.fail(e);
      return;
    }
    operation.apply(body).onSuccess(json -> Exchange.answer(ctx, json)).onFailure(ctx::fail);
  }

  /** Answers a message; a failure travels as its code and detail. */
  void handle(Message<Object> message) {
    if (message.body() instanceof JsonObject body) {
      operation.apply(body).onSuccess(message::reply).onFailure(cause -> fail(message, cause));
    } else {
      metrics.failed(Failure.MALFORMED_REQUEST);
      fail(message, ShipmentReader.malformed("The message must be a JsonObject"));
    }
  }

  /** The JSON object a caller sent. */
  static JsonObject body(RoutingContext ctx) {
    var buffer = ctx.body().buffer();
    return StrictJson.parseObject(buffer == null ? EMPTY : buffer.getBytes());
  }

  private static void fail(Message<Object> message, Throwable cause) {
    var problem = Problem.of(cause);
    message.fail(problem.failure().code(), problem.detail());
  }
}
