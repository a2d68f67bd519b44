package com.cpprediction.http;

import com.cpprediction.dashboard.EventStream;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * Serves callers that shut down their sending side. A caller that has sent complete requests gets
 * their responses before its connection closes; a caller with an incomplete request or an {@code
 * /events} stream counts as disconnected. One handler per connection.
 */
final class HalfClose extends ChannelDuplexHandler {
  /** Name of the last handler, which Vert.x adds. */
  static final String VERTX = "handler";

  private long requests; // complete ones
  private long responses;
  private boolean streaming;
  private boolean inputClosed;

  private HalfClose() {}

  /** Enables half-closing of {@code connection}; on its event loop. */
  static void allow(HttpConnection connection) {
    var channel = ((ConnectionBase) connection).channel();
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    channel.pipeline().addBefore(VERTX, null, new HalfClose());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof LastHttpContent) requests++;
    ctx.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    boolean interim = false;
    if (message instanceof HttpResponse head) {
      interim = head.status().codeClass() == HttpStatusClass.INFORMATIONAL;
      streaming = head.headers().contains(HttpHeaderNames.CONTENT_TYPE, EventStream.TYPE, false);
    }
    if (message instanceof LastHttpContent && !interim) responses++;
    if (inputClosed && allResponded()) {
      ctx.write(message, promise.unvoid().addListener(ChannelFutureListener.CLOSE));
    } else {
      ctx.write(message, promise);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      inputClosed = true;
      if (allResponded()) ctx.channel().close();
    }
    ctx.fireUserEventTriggered(event);
  }

  private boolean allResponded() {
    return streaming || responses >= requests;
  }
}
