package com.cpprediction.web;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;

/**
 * Starts responses of unknown length: chunked in HTTP/1.1; in HTTP/1.0, which nginx speaks to
 * upstreams by default, ended by closing the connection.
 */
public final class ResponseFraming {
  /** Disables response buffering in nginx. */
  private static final CharSequence ACCEL_BUFFERING =
      HttpHeaders.createOptimized("X-Accel-Buffering");

  private static final CharSequence NO = HttpHeaders.createOptimized("no");

  private ResponseFraming() {}

  /** Sends a response head with status 200. */
  public static HttpServerResponse begin(RoutingContext ctx, CharSequence type) {
    var response =
        ctx.response().putHeader(HttpHeaders.CONTENT_TYPE, type).putHeader(ACCEL_BUFFERING, NO);
    if (ctx.request().version() != HttpVersion.HTTP_1_0) {
      response.setChunked(true).writeHead();
      return response;
    }
    // In the last handler, since Vert.x adds keep-alive where the caller requested it.
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
