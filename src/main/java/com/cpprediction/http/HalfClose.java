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
 * Answers callers that shut their side of the connection after their requests. One that has sent
 * its requests completely is answered, and then its connection closed; one that has not has left,
 * as has a listener to {@code /events}, whose answer has no end. A caller that closed both sides
 * looks the same until the answer is written to it, which then fails. Each connection has one.
 */
final class HalfClose extends ChannelDuplexHandler {
  /** What Vert.x calls its own, the last one. */
  private static final String VERTX = "handler";

  private long received; // requests to their end
  private long answered;
  private boolean endless;
  private boolean shut;

  private HalfClose() {}

  /** Lets {@code connection} be closed by half, from now on. On its event loop. */
  static void allow(HttpConnection connection) {
    var channel = ((ConnectionBase) connection).channel();
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    channel.pipeline().addBefore(VERTX, null, new HalfClose());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof LastHttpContent) received++;
    ctx.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    boolean interim = false;
    if (message instanceof HttpResponse head) {
      interim = head.status().codeClass() == HttpStatusClass.INFORMATIONAL;
      endless = head.headers().contains(HttpHeaderNames.CONTENT_TYPE, EventStream.TYPE, false);
    }
    if (message instanceof LastHttpContent && !interim) answered++;
    if (shut && done()) {
      ctx.write(message, promise.unvoid().addListener(ChannelFutureListener.CLOSE));
    } else {
      ctx.write(message, promise);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      shut = true;
      if (done()) ctx.channel().close();
    }
    ctx.fireUserEventTriggered(event);
  }

  private boolean done() {
    return endless || answered >= received;
  }
}
