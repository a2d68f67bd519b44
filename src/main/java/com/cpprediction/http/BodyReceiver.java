package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.netty.handler.codec.DecoderException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.PlatformHandler;

/**
 * Receives the body of a request before its handlers run, within the route's limit and the byte
 * budget. The budget reserves a declared length before the first byte is read, an undeclared one
 * chunk by chunk.
 */
final class BodyReceiver implements PlatformHandler {
  /** The largest limit of any route, in bytes. */
  static final int MAX_BYTES = 4 * 1024 * 1024;

  private final Limit limit;
  private final ByteBudget budget;
  private final RequestTimeout<HttpServerRequest> timeout;

  /**
   * Body limit of one route.
   *
   * @param bytes 1..{@link #MAX_BYTES}
   * @param path as the contract writes it
   */
  record Limit(int bytes, String path) {
    ServiceException exceeded() {
      return Failure.TOO_LARGE.because(
          "The body is larger than %d bytes, the most that %s takes".formatted(bytes, path));
    }
  }

  /**
   * @param timeout disconnects callers that send a body too slowly
   */
  BodyReceiver(Limit limit, ByteBudget budget, RequestTimeout<HttpServerRequest> timeout) {
    this.limit = limit;
    this.budget = budget;
    this.timeout = timeout;
  }

  @Override
  public void handle(RoutingContext ctx) {
    var request = ctx.request();
    long contentLength = contentLength(request);
    boolean chunked = request.headers().contains(HttpHeaders.TRANSFER_ENCODING);
    if (!chunked && contentLength < 0) {
      ctx.next();
      return;
    }
    boolean expectsContinue = expectsContinue(request);
    var body = new RequestBody(budget, limit, chunked ? 0 : contentLength);
    body.attachTo(ctx);
    ctx.addEndHandler(ended -> body.release());
    timeout.start(request);
    if (expectsContinue) ctx.response().writeContinue();
    request
        .exceptionHandler(cause -> onException(ctx, cause))
        .endHandler(
            complete -> {
              if (ctx.failed()) return;
              timeout.cancel(request);
              ctx.next();
            })
        .handler(chunk -> receive(ctx, body, chunk))
        .resume();
  }

  private static void receive(RoutingContext ctx, RequestBody body, Buffer chunk) {
    if (ctx.failed()) return;
    try {
      body.add(chunk);
    } catch (ServiceException e) {
      ctx.fail(e);
    }
  }

  /** Fails a request whose body is malformed or whose caller disconnected. */
  private static void onException(RoutingContext ctx, Throwable cause) {
    boolean malformed = cause instanceof DecoderException;
    ctx.fail(
        malformed ? Failure.MALFORMED_REQUEST.status() : ProblemHandler.DISCONNECTED,
        malformed && cause.getCause() != null ? cause.getCause() : cause);
  }

  /** The declared {@code Content-Length} in bytes, -1 without one. */
  static long contentLength(HttpServerRequest request) {
    var length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    return length == null ? -1 : Long.parseLong(length); // Vert.x rejects any other value
  }

  /**
   * Whether the caller waits for {@code 100 Continue}.
   *
   * @throws ServiceException when {@code Expect} has another value
   */
  static boolean expectsContinue(HttpServerRequest request) {
    var expected = request.getHeader(HttpHeaders.EXPECT);
    if (expected == null || request.version() == HttpVersion.HTTP_1_0) return false;
    if (HttpHeaders.CONTINUE.toString().equalsIgnoreCase(expected)) return true;
    throw Failure.MALFORMED_REQUEST.because("Expect may only be 100-continue");
  }
}
