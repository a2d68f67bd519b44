package com.cpprediction.http;

import com.cpprediction.json.ParseCost;
import com.cpprediction.logging.RequestId;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.AdmissionControl;
import com.cpprediction.serving.ParsingPool;
import com.cpprediction.serving.Problem;
import com.cpprediction.serving.Reply;
import com.cpprediction.serving.ShipmentReader;
import io.vertx.core.Future;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One operation, reached over HTTP or over the event bus with the same JSON and the same verdict.
 *
 * @param question reads what a caller sent, on any thread; fails with {@link ServiceException}s
 * @param useCase serves it; fails with {@link ServiceException}s only, and counts them where there
 *     is a meter for them
 * @param <Q> what is asked, read and checked
 */
record Operation<Q>(
    Function<JsonObject, Q> question, UseCase<Q> useCase, OperationContext context) {
  /**
   * What all doors share.
   *
   * @param timeout longest a request may take
   * @param failed counts what could not be asked
   */
  record OperationContext(
      Supplier<Duration> timeout,
      ParsingPool pool,
      BodyReader reader,
      AdmissionControl inFlight,
      Consumer<Failure> failed) {}

  /** What is done once a question was read. */
  interface UseCase<Q> {
    /**
     * @param deadline until when the caller waits
     * @param requestId names the request in the log
     */
    Future<Reply> respond(Q question, Deadline deadline, String requestId);
  }

  /** Turns a request away before its body was received when there is no room for it. */
  void rejectIfFull(RoutingContext ctx) {
    try {
      context.inFlight.rejectIfFull();
    } catch (ServiceException e) {
      context.failed.accept(e.failure());
      throw e;
    }
    ctx.next();
  }

  /** Answers a request whose body was received. */
  void handle(RoutingContext ctx) {
    var exchange = Exchange.of(ctx);
    answer(
            () -> exchange.deadline(context.timeout.get()),
            () -> context.reader.read(ctx, question),
            exchange.requestId())
        .onSuccess(
            reply -> {
              if (!reply.servedBy().isEmpty()) {
                ctx.response().putHeader(Exchange.SERVED_BY, reply.servedBy());
              }
              exchange.source(reply.body().getString("source"));
              Exchange.respond(ctx, reply.body());
            })
        .onFailure(ctx::fail);
  }

  /** Answers a message; a failure travels as its code and detail. */
  void handle(Message<Object> message) {
    long begun = System.nanoTime();
    var headers = message.headers();
    var requestId = Exchange.requestId(headers.get(Exchange.REQUEST_ID));
    RequestId.set(requestId);
    answer(
            () ->
                Exchange.deadline(headers.get(Exchange.DEADLINE_MS), begun, context.timeout.get()),
            () -> read(message.body()),
            requestId)
        .onSuccess(reply -> message.reply(reply.body(), served(reply)))
        .onFailure(
            cause -> {
              var problem = Problem.of(cause);
              message.fail(problem.failure().code(), problem.detail());
            });
  }

  private static DeliveryOptions served(Reply reply) {
    var options = new DeliveryOptions();
    return reply.servedBy().isEmpty()
        ? options
        : options.addHeader(Exchange.SERVED_BY.toString(), reply.servedBy());
  }

  private Future<Q> read(Object body) {
    return body instanceof JsonObject json
        ? context.pool.parse(ParseCost.big(json), () -> question.apply(json))
        : Future.failedFuture(ShipmentReader.malformed("The message must be a JsonObject"));
  }

  private Future<Reply> answer(
      Supplier<Deadline> until, Supplier<Future<Q>> reading, String requestId) {
    Deadline deadline;
    try {
      deadline = until.get();
    } catch (ServiceException e) {
      context.failed.accept(e.failure());
      return Future.failedFuture(e);
    }
    context.inFlight.enter();
    return reading
        .get()
        .map(
            asked -> {
              if (deadline.over()) throw Deadline.exceeded();
              return asked;
            })
        .recover(
            cause -> {
              context.failed.accept(Failure.of(cause));
              return Future.failedFuture(Problem.logged(cause, requestId, "its body"));
            })
        .compose(asked -> useCase.respond(asked, deadline, requestId))
        .onComplete(done -> context.inFlight.leave());
  }
}
