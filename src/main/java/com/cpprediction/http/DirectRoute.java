package com.cpprediction.http;

import com.cpprediction.auth.Caller;
import com.cpprediction.metrics.RequestMeters;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.Problem;
import com.cpprediction.serving.Reply;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Serves plain requests of {@code POST /predict} without the router and the context of its
 * handlers. The router serves all others, and would respond the same to these. Confined to one
 * event loop.
 */
final class DirectRoute {
  private static final BodyReceiver.Limit LIMIT =
      new BodyReceiver.Limit(Routes.SHIPMENT_BYTES, Routes.PREDICT);

  private final PlainRequests plain;
  private final Operation<?> predict;
  private final ByteBudget budget;
  private final RequestTimeout<HttpServerRequest> bodyTimeout;
  private final ConnectionLimits connections;
  private final BooleanSupplier stopping;
  private final RequestMeters meters;
  private final FailedRequests failures;

  /**
   * @param plain recognizes the requests to serve
   * @param bodyTimeout disconnects callers that send a body too slowly
   * @param stopping whether to close connections after their response
   * @param meters of {@code POST /predict}
   */
  DirectRoute(
      PlainRequests plain,
      Operation<?> predict,
      ByteBudget budget,
      RequestTimeout<HttpServerRequest> bodyTimeout,
      ConnectionLimits connections,
      BooleanSupplier stopping,
      RequestMeters meters,
      FailedRequests failures) {
    this.plain = plain;
    this.predict = predict;
    this.budget = budget;
    this.bodyTimeout = bodyTimeout;
    this.connections = connections;
    this.stopping = stopping;
    this.meters = meters;
    this.failures = failures;
  }

  /** Serves {@code request} if it is plain; else leaves it untouched. */
  boolean serve(HttpServerRequest request) {
    var caller = plain.caller(request);
    if (caller == null) return false;
    new Call(request, caller).begin();
    return true;
  }

  /** One request and its response. */
  private final class Call {
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Exchange exchange;
    private @Nullable RequestBody body;
    private boolean ended;

    Call(HttpServerRequest request, Caller caller) {
      this.request = request;
      response = request.response();
      exchange = new Exchange(request, budget);
      exchange.route(Routes.PREDICT);
      exchange.method(HttpMethod.POST);
      exchange.caller(caller);
    }

    void begin() {
      connections.requestStarted(request.connection());
      response.closeHandler(closed -> end(true));
      try {
        body = new RequestBody(budget, LIMIT, BodyReceiver.contentLength(request));
      } catch (ServiceException e) {
        fail(e);
        return;
      }
      bodyTimeout.start(request);
      request.handler(this::receive).endHandler(this::serve);
    }

    private void receive(Buffer chunk) {
      if (body != null && !ended) body.add(chunk);
    }

    private void serve(@Nullable Void received) {
      bodyTimeout.cancel(request);
      if (body == null || ended) return;
      predict
          .serve(exchange, body)
          .onComplete(
              (reply, failure) -> {
                if (failure == null) respond(reply);
                else fail(failure);
              });
    }

    private void respond(Reply reply) {
      if (ended) return;
      setCommonHeaders();
      exchange.respond(reply);
      end(false);
    }

    private void fail(Throwable cause) {
      if (ended) return;
      var failure = Problem.logged(cause, exchange.requestId(), exchange.route());
      setCommonHeaders();
      ProblemHandler.send(request, failure, failure.failure().status(), exchange.requestId());
      failures.add(exchange, failure, failure.failure().status());
      end(false);
    }

    private void setCommonHeaders() {
      if (stopping.getAsBoolean()) response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
      Exchange.setCachingHeaders(response);
    }

    /**
     * Releases resources after the response or a disconnect.
     *
     * @param abandoned whether the caller disconnected before the response was complete
     */
    private void end(boolean abandoned) {
      if (ended) return;
      ended = true;
      if (abandoned) bodyTimeout.cancel(request);
      if (body != null) body.release();
      connections.responseEnded(request.connection());
      long nanos = exchange.nanos();
      AccessLog.write(exchange, nanos, abandoned);
      if (!abandoned) meters.record(exchange.status(), nanos);
    }
  }
}
