package com.cpprediction.http;

import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * Marks requests of other versions than HTTP/1.0 and 1.1 as invalid, so that they get a problem
 * document. Vert.x itself responds with an empty 501 of the version of the request.
 */
@Sharable
final class HttpVersions extends ChannelInboundHandlerAdapter {
  private static final HttpVersions INSTANCE = new HttpVersions();

  private HttpVersions() {}

  /** Checks the requests of {@code connection}; on its event loop. */
  static void check(HttpConnection connection) {
    var pipeline = ((ConnectionBase) connection).channel().pipeline();
    pipeline.addBefore(HalfClose.VERTX, null, INSTANCE);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof HttpRequest request && !isSupported(request.protocolVersion())) {
      request.setProtocolVersion(HttpVersion.HTTP_1_1);
      request.setDecoderResult(DecoderResult.failure(new IllegalArgumentException("HTTP version")));
    }
    ctx.fireChannelRead(message);
  }

  private static boolean isSupported(HttpVersion version) {
    return version.equals(HttpVersion.HTTP_1_1) || version.equals(HttpVersion.HTTP_1_0);
  }
}
