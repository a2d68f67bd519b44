package com.cpprediction.web;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;

/**
 * Begins answers whose length isn't known. HTTP/1.1 has chunks for them; in HTTP/1.0, which proxies
 * such as nginx still speak by default, the end of the connection ends the answer.
 */
public final class ResponseFraming {
  /** Asks nginx to pass on what comes as it comes. */
  private static final CharSequence BUFFERING = HttpHeaders.createOptimized("X-Accel-Buffering");

  private static final CharSequence NO = HttpHeaders.createOptimized("no");

  private ResponseFraming() {}

  /** Sends the head of the answer to {@code ctx}, with status 200. */
  public static HttpServerResponse begin(RoutingContext ctx, CharSequence type) {
    var response =
        ctx.response().putHeader(HttpHeaders.CONTENT_TYPE, type).putHeader(BUFFERING, NO);
    if (ctx.request().version() != HttpVersion.HTTP_1_0) {
      response.setChunked(true).writeHead();
      return response;
    }
    // Last, since Vert.x promises to keep the connection of a caller who asks for that.
    ctx.addHeadersEndHandler(
        headers -> response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE));
    ctx.addBodyEndHandler(
        end -> {
          if (ctx.request().isEnded()) ctx.request().connection().close();
        });
    response.write(Buffer.buffer()); // the head; writeHead() knows chunks only
    return response;
  }
}
