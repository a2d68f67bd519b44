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
 * Receives the body of a request before its handlers, within the limit of its route and the budget
 * of all: what is announced is reserved before any of it is read, what isn't is as it comes.
 */
final class BodyReceiver implements PlatformHandler {
  /** Bytes of a body at most, on the route that takes most. */
  static final int MOST = 4 * 1024 * 1024;

  private final Limit limit;
  private final ByteBudget budget;
  private final RequestTimeout<RoutingContext> slow;

  /**
   * Of one route.
   *
   * @param bytes 1..{@link #MOST}
   * @param path of the route, as the contract writes it
   */
  record Limit(int bytes, String path) {
    ServiceException exceeded() {
      return Failure.TOO_LARGE.because(
          "The body is larger than %d bytes, the most that %s takes".formatted(bytes, path));
    }
  }

  /**
   * @param slow ends who takes too long to send a body
   */
  BodyReceiver(Limit limit, ByteBudget budget, RequestTimeout<RoutingContext> slow) {
    this.limit = limit;
    this.budget = budget;
    this.slow = slow;
  }

  @Override
  public void handle(RoutingContext ctx) {
    var request = ctx.request();
    long announced = announced(request);
    boolean chunked = request.headers().contains(HttpHeaders.TRANSFER_ENCODING);
    if (!chunked && announced < 0) {
      ctx.next();
      return;
    }
    boolean expects = expectsContinue(request);
    var body = new RequestBody(budget, limit, chunked ? 0 : announced);
    body.keepWith(ctx);
    ctx.addEndHandler(ended -> body.release());
    slow.begin(ctx);
    if (expects) ctx.response().writeContinue();
    request
        .exceptionHandler(cause -> broken(ctx, cause))
        .endHandler(
            complete -> {
              if (ctx.failed()) return;
              slow.done(ctx);
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

  /** It isn't HTTP any more, or the caller has left. */
  private static void broken(RoutingContext ctx, Throwable cause) {
    boolean malformed = cause instanceof DecoderException;
    ctx.fail(
        malformed ? Failure.MALFORMED_REQUEST.status() : ProblemHandler.LEFT,
        malformed && cause.getCause() != null ? cause.getCause() : cause);
  }

  /** Bytes of the body as its head says, -1 where it doesn't. */
  static long announced(HttpServerRequest request) {
    var length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    return length == null ? -1 : Long.parseLong(length); // or it would not have been decoded
  }

  /**
   * Whether the caller waits to be told to send its body.
   *
   * @throws ServiceException when it expects something else
   */
  static boolean expectsContinue(HttpServerRequest request) {
    var expected = request.getHeader(HttpHeaders.EXPECT);
    if (expected == null || request.version() == HttpVersion.HTTP_1_0) return false;
    if (HttpHeaders.CONTINUE.toString().equalsIgnoreCase(expected)) return true;
    throw Failure.MALFORMED_REQUEST.because("Expect may only be 100-continue");
  }
}
