package com.cpprediction.http;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * One operation, reached over HTTP or over the event bus with the same JSON and the same verdict.
 *
 * @param question reads what a caller sent, on any thread; fails with {@link ServiceException}s
 * @param big whether a message takes long to read
 * @param operation answers it; fails with {@link ServiceException}s only, and counts them
 * @param <Q> what is asked, read and checked
 */
record Door<Q>(
    Function<JsonObject, Q> question,
    Predicate<JsonObject> big,
    Operation<Q> operation,
    BodyReader reader,
    InFlight inFlight,
    ServiceMetrics metrics) {
  /** What is done once a question was read. */
  interface Operation<Q> {
    /**
     * @param requestId names the request in the log
     */
    Future<JsonObject> answer(Q question, String requestId);
  }

  /** Answers a request whose body was received. */
  void handle(RoutingContext ctx) {
    answer(reader.read(ctx, question), Exchange.of(ctx).requestId())
        .onSuccess(json -> Exchange.answer(ctx, json))
        .onFailure(ctx::fail);
  }

  /** Answers a message; a failure travels as its code and detail. */
  void handle(Message<Object> message) {
    var requestId = Exchange.requestId(message.headers().get(Exchange.REQUEST_ID));
    answer(read(message.body()), requestId)
        .onSuccess(message::reply)
        .onFailure(
            cause -> {
              var problem = Problem.of(cause);
              message.fail(problem.failure().code(), problem.detail());
            });
  }

  private Future<Q> read(Object body) {
    return body instanceof JsonObject json
        ? reader.read(big.test(json), () -> question.apply(json))
        : Future.failedFuture(ShipmentReader.malformed("The message must be a JsonObject"));
  }

  private Future<JsonObject> answer(Future<Q> read, String requestId) {
    inFlight.enter();
    return read.recover(
            cause -> {
              metrics.failed(Failure.of(cause));
              return Future.failedFuture(Problem.seen(cause, requestId, "its body"));
            })
        .compose(asked -> operation.answer(asked, requestId))
        .onComplete(done -> inFlight.leave());
  }
}
