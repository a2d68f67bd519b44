package com.cpprediction.http;

import com.cpprediction.auth.CallerLimits;
import com.cpprediction.config.BearerTokens;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.Problem;
import com.cpprediction.tracing.TraceStep;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.VertxException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Function;

/** Renders every failure as a problem document (RFC 9457). */
final class ProblemHandler implements Handler<RoutingContext> {
  /** Status recorded for a request whose caller has disconnected. */
  static final int DISCONNECTED = 200;

  /** Statuses with which Vert.x fails requests, to be mapped to a {@link Failure}. */
  static final int[] STATUSES = {DISCONNECTED, 400, 404, 500};

  private static final String RETRY_AFTER_SECONDS = "1";
  private static final long LINGER_MILLIS = 500;

  /** Largest rejected body that is read and discarded to keep its connection, in bytes. */
  private static final int MAX_DISCARDED = 256 * 1024;

  private static final int URI_TOO_LONG = 414;
  private static final int HEADERS_TOO_LARGE = 431;

  private final Function<RoutingContext, Exchange> exchanges;
  private final FailedRequests failures;

  /**
   * @param exchanges creates the exchange of a request that failed before its first handler
   */
  ProblemHandler(Function<RoutingContext, Exchange> exchanges, FailedRequests failures) {
    this.exchanges = exchanges;
    this.failures = failures;
  }

  @Override
  public void handle(RoutingContext ctx) {
    var response = ctx.response();
    if (response.ended() || response.closed()) return;
    var exchange = exchanges.apply(ctx);
    var failure = failure(ctx, exchange);
    if (bodyTooLarge(ctx, failure) || discardTooLarge(ctx.request())) closeLater(ctx);
    send(ctx.request(), failure, failure.failure().status(), exchange.requestId());
    failures.add(exchange, failure, failure.failure().status());
  }

  /** Responds to a malformed or oversized request head and closes the connection. */
  void refuse(HttpServerRequest request) {
    var cause = request.decoderResult().cause();
    var requestId = Exchange.requestId(request.getHeader(Exchange.REQUEST_ID));
    if (cause instanceof TooLongHttpLineException) {
      var failure = Failure.TOO_LARGE.because("The URI is too long");
      refuse(request, failure, URI_TOO_LONG, requestId);
    } else if (cause instanceof TooLongHttpHeaderException) {
      var failure = Failure.TOO_LARGE.because("The headers are too large");
      refuse(request, failure, HEADERS_TOO_LARGE, requestId);
    } else {
      var failure =
          hasUnsupportedTransferEncoding(request)
              ? unsupportedTransferEncoding()
              : Failure.MALFORMED_REQUEST.because("Not a valid HTTP/1.1 request");
      refuse(request, failure, failure.failure().status(), requestId);
    }
    request.connection().close();
  }

  private void refuse(
      HttpServerRequest request, ServiceException failure, int status, String requestId) {
    send(request, failure, status, requestId);
    failures.add(failure.failure(), status, requestId, ServiceMetrics.OTHER, BearerTokens.UNNAMED);
  }

  private static ServiceException failure(RoutingContext ctx, Exchange exchange) {
    return switch (ctx.statusCode()) {
      case 404 -> Failure.NOT_FOUND.because("There is nothing at this path");
      case 500 -> Problem.logged(ctx.failure(), exchange.requestId(), exchange.route());
      default ->
          Failure.MALFORMED_REQUEST.because(
              ctx.failure() instanceof VertxException e && e.getMessage() != null
                  ? e.getMessage()
                  : "The request target or body is not valid HTTP");
    };
  }

  /** Responds to {@code request} with the problem document of {@code failure}. */
  static void send(
      HttpServerRequest request, ServiceException failure, int status, String requestId) {
    boolean inference = InferenceRoutes.isPath(request.path());
    var document = document(failure, status, requestId);
    if (inference) document.put("error", document.getString("detail"));
    if (failure.failure() == Failure.RATE_LIMITED) {
      request
          .response()
          .putHeader(
              HttpHeaders.RETRY_AFTER,
              String.valueOf(failure.members().getLong(CallerLimits.RETRY_AFTER, 1L)));
    }
    send(
        request,
        failure.failure(),
        status,
        requestId,
        inference ? RouteContract.JSON : Problem.CONTENT_TYPE,
        document.toBuffer());
  }

  /** The problem document of {@code failure}; the request id is its last field. */
  static JsonObject document(ServiceException failure, int status, String requestId) {
    return Problem.of(failure).json().put("status", status).put("request_id", requestId);
  }

  /**
   * Responds to {@code request}.
   *
   * @param document as {@link #document}
   */
  static void send(
      HttpServerRequest request, Failure failure, int status, String requestId, Buffer document) {
    send(request, failure, status, requestId, Problem.CONTENT_TYPE, document);
  }

  private static void send(
      HttpServerRequest request,
      Failure failure,
      int status,
      String requestId,
      String type,
      Buffer document) {
    var response = request.response();
    if (failure.retryable() && !response.headers().contains(HttpHeaders.RETRY_AFTER)) {
      response.putHeader(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS);
    }
    Exchange.setCachingHeaders(response);
    TraceStep.current().set(TraceStep.OUTCOME, failure.slug());
    response
        .setStatusCode(status)
        .putHeader(Exchange.REQUEST_ID, requestId)
        .putHeader(HttpHeaders.CONTENT_TYPE, type)
        .end(document);
  }

  static ServiceException unsupportedTransferEncoding() {
    return Failure.MALFORMED_REQUEST.because("Transfer-Encoding may only be chunked");
  }

  /** Whether the body has a {@code Transfer-Encoding} other than chunked. */
  static boolean hasUnsupportedTransferEncoding(HttpServerRequest request) {
    var encodings = request.headers().getAll(HttpHeaders.TRANSFER_ENCODING);
    return !encodings.isEmpty()
        && !(encodings.size() == 1
            && HttpHeaders.CHUNKED.toString().equalsIgnoreCase(encodings.get(0)));
  }

  private static boolean bodyTooLarge(RoutingContext ctx, ServiceException failure) {
    return failure.failure() == Failure.TOO_LARGE && !ctx.request().isEnded();
  }

  /** Whether the unread body may be larger than {@link #MAX_DISCARDED}. */
  private static boolean discardTooLarge(HttpServerRequest request) {
    if (hasUnsupportedTransferEncoding(request)) return true; // the end of the body is unknown
    if (request.isEnded()) return false;
    if (request.headers().contains(HttpHeaders.TRANSFER_ENCODING)) return true;
    return BodyReceiver.contentLength(request) > MAX_DISCARDED;
  }

  /** Stops reading and closes later: an immediate reset could discard the response. */
  private static void closeLater(RoutingContext ctx) {
    Vertx vertx = ctx.vertx();
    var request = ctx.request().pause();
    ctx.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    vertx.setTimer(LINGER_MILLIS, waited -> request.connection().close());
  }
}
