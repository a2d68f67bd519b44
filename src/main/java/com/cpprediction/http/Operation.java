package com.cpprediction.http;

import com.cpprediction.auth.CallerLimits;
import com.cpprediction.config.BearerTokens;
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
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * One operation, served over HTTP and over the event bus with the same JSON.
 *
 * @param parser parses and validates a request, on any thread; fails with {@link ServiceException}s
 * @param useCase serves it; fails with {@link ServiceException}s only, which it counts
 * @param <Q> the parsed request
 */
record Operation<Q>(Parser<Q> parser, UseCase<Q> useCase, OperationContext context) {
  /**
   * Parses and validates a request of a caller, which is named or the empty string.
   *
   * @param usual reads a body of the usual shape from its bytes; returns null for any other
   * @param any reads every body
   * @param shipments counts those of a parsed request
   * @param discard frees a parsed request that is not served
   * @param <Q> the parsed request
   */
  record Parser<Q extends @Nullable Object>(
      BiFunction<byte[], String, @Nullable Q> usual,
      BiFunction<JsonObject, String, Q> any,
      ToIntFunction<Q> shipments,
      Consumer<Q> discard) {
    /** Of requests that have no usual shape. */
    static <Q> Parser<Q> of(Function<JsonObject, Q> any) {
      return new Parser<>(
          (body, caller) -> null, (body, caller) -> any.apply(body), request -> 1, request -> {});
    }

    /** Of requests that are not JSON alone. */
    static <Q> Parser<Q> ofBytes(
        BiFunction<byte[], String, Q> every, ToIntFunction<Q> shipments, Consumer<Q> discard) {
      return new Parser<>(
          every::apply,
          (json, caller) -> {
            throw new IllegalArgumentException("Not read from JSON");
          },
          shipments,
          discard);
    }
  }

  /**
   * Context shared by operations.
   *
   * @param timeout longest time a request may take
   * @param failed counts requests that fail before the use case
   * @param failures of requests and shipments
   */
  record OperationContext(
      Supplier<Duration> timeout,
      ParsingPool pool,
      BodyReader reader,
      AdmissionControl admission,
      Consumer<Failure> failed,
      FailedRequests failures) {}

  interface UseCase<Q> {
    /**
     * @param requestId for the log
     */
    Future<Reply> respond(Q request, Deadline deadline, String requestId);
  }

  /** Rejects a request before its body is received when the admission limit is reached. */
  void rejectIfFull(RoutingContext ctx) {
    rejectIfFull(Exchange.of(ctx).limits());
    ctx.next();
  }

  /**
   * Rejects a request before its body is received when not even one shipment would be admitted.
   *
   * @param limits of the caller
   * @throws ServiceException {@link Failure#OVERLOADED} or {@link Failure#RATE_LIMITED}
   */
  void rejectIfFull(CallerLimits limits) {
    try {
      context.admission.rejectIfFull();
      limits.rejectIfSpent();
    } catch (ServiceException e) {
      context.failed.accept(e.failure());
      throw e;
    }
  }

  /** Serves an HTTP request whose body is received. */
  void handle(RoutingContext ctx) {
    var exchange = Exchange.of(ctx);
    respond(
            () -> exchange.deadline(context.timeout.get()),
            () -> context.reader.read(ctx, parser, exchange.caller()),
            exchange.requestId(),
            exchange.limits())
        .onSuccess(
            reply -> {
              exchange.respond(reply);
              context.failures.addItems(
                  reply, exchange.requestId(), exchange.route(), exchange.caller());
            })
        .onFailure(ctx::fail);
  }

  /** Serves an HTTP request with the body {@code body}, which is not compressed. */
  Future<Reply> serve(Exchange exchange, RequestBody body) {
    return serve(exchange, body, false);
  }

  /** Serves an HTTP request with the body {@code body}. */
  Future<Reply> serve(Exchange exchange, RequestBody body, boolean gzipped) {
    return respond(
        () -> exchange.deadline(context.timeout.get()),
        () -> context.reader.read(body, gzipped, parser, exchange.caller()),
        exchange.requestId(),
        exchange.limits());
  }

  /** Serves a message; a failure is replied as code and detail. */
  void handle(Message<Object> message) {
    long start = System.nanoTime();
    var headers = message.headers();
    var requestId = Exchange.requestId(headers.get(Exchange.REQUEST_ID));
    RequestId.set(requestId);
    respond(
            () ->
                Exchange.deadline(headers.get(Exchange.DEADLINE_MS), start, context.timeout.get()),
            () -> read(message.body()),
            requestId,
            CallerLimits.NONE)
        .onSuccess(
            reply -> {
              message.reply(reply.json(), options(reply));
              context.failures.addItems(reply, requestId, message.address(), BearerTokens.UNNAMED);
            })
        .onFailure(
            cause -> {
              context.failures.addMessage(message.address(), requestId, cause);
              var problem = Problem.of(cause);
              message.fail(problem.failure().code(), problem.detail());
            });
  }

  private static DeliveryOptions options(Reply reply) {
    var options = new DeliveryOptions();
    return reply.servedBy().isEmpty()
        ? options
        : options.addHeader(Exchange.SERVED_BY.toString(), reply.servedBy());
  }

  private Future<Q> read(Object body) {
    return body instanceof JsonObject json
        ? context.pool.parse(
            ParseCost.big(json), () -> parser.any.apply(json, BearerTokens.UNNAMED))
        : Future.failedFuture(ShipmentReader.malformed("The message must be a JsonObject"));
  }

  private Future<Reply> respond(
      Supplier<Deadline> deadlineReader,
      Supplier<Future<Q>> reading,
      String requestId,
      CallerLimits limits) {
    Deadline deadline;
    try {
      deadline = deadlineReader.get();
    } catch (ServiceException e) {
      return unread(e, requestId).mapEmpty();
    }
    context.admission.enter();
    var read = reading.get();
    var reply =
        read.succeeded()
            ? serve(read.result(), deadline, requestId, limits)
            : read.recover(cause -> unread(cause, requestId))
                .compose(request -> serve(request, deadline, requestId, limits));
    return reply.onComplete(done -> context.admission.leave());
  }

  private Future<Reply> serve(Q request, Deadline deadline, String requestId, CallerLimits limits) {
    if (limits == CallerLimits.NONE) return serve(request, deadline, requestId);
    int shipments = parser.shipments.applyAsInt(request);
    try {
      limits.admit(shipments);
    } catch (ServiceException e) {
      context.failed.accept(e.failure());
      parser.discard.accept(request);
      return Future.failedFuture(e);
    }
    return serve(request, deadline, requestId).onComplete(done -> limits.release(shipments));
  }

  private Future<Reply> serve(Q request, Deadline deadline, String requestId) {
    try {
      return useCase.respond(request, deadline, requestId);
    } catch (RuntimeException | Error e) {
      return Future.failedFuture(e);
    }
  }

  /** Counts a request of which not one shipment could be read. */
  private Future<Q> unread(Throwable cause, String requestId) {
    context.failed.accept(Failure.of(cause));
    return Future.failedFuture(Problem.logged(cause, requestId, "its body"));
  }
}
