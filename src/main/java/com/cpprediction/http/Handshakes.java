package com.cpprediction.http;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.DelegatingSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.Future;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.spi.tls.DefaultSslContextFactory;
import io.vertx.core.spi.tls.SslContextFactory;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.IntSupplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;

/**
 * The connections that are still agreeing on TLS, which Vert.x shows to nobody before they have:
 * bounds them too, and hangs up on them when the service stops. Confined to one event loop.
 */
final class Handshakes {
  private final IntSupplier room;
  private final ServiceMetrics metrics;
  private final Set<ChannelHandlerContext> underWay = new HashSet<>();
  private boolean stopping;

  /**
   * @param room how many there may be now
   */
  Handshakes(IntSupplier room, ServiceMetrics metrics) {
    this.room = room;
    this.metrics = metrics;
  }

  /** To be set on the server: counts every connection from when it was accepted. */
  JdkSSLEngineOptions engine() {
    return new Engine();
  }

  int count() {
    return underWay.size();
  }

  /** Nobody who comes now will be answered any more. */
  void hangUp() {
    stopping = true;
    List.copyOf(underWay).forEach(ChannelHandlerContext::close);
  }

  private void begun(ChannelHandlerContext connection, Future<?> handshake) {
    if (stopping) {
      connection.close();
    } else if (underWay.size() >= room.getAsInt()) {
      metrics.shed(Shed.CONNECTIONS);
      connection.close();
    } else {
      underWay.add(connection);
      handshake.addListener(done -> ended(connection, done.cause()));
    }
  }

  private void ended(ChannelHandlerContext connection, Throwable cause) {
    underWay.remove(connection);
    if (cause instanceof SslHandshakeTimeoutException) metrics.shed(Shed.SLOW_HEAD);
  }

  /** The JDK's; what it computes for a handshake takes milliseconds, which are not the loop's. */
  private final class Engine extends JdkSSLEngineOptions {
    Engine() {
      setUseWorkerThread(true);
    }

    @Override
    public JdkSSLEngineOptions copy() {
      return new Engine();
    }

    @Override
    public SslContextFactory sslContextFactory() {
      return new DefaultSslContextFactory(SslProvider.JDK, false) {
        @Override
        public SslContext create() throws SSLException {
          return new Counting(super.create());
        }
      };
    }
  }

  private final class Counting extends DelegatingSslContext {
    Counting(SslContext context) {
      super(context);
    }

    @Override
    protected SslHandler newHandler(
        ByteBufAllocator allocator, String host, int port, boolean startTls, Executor executor) {
      return handler(newEngine(allocator, host, port), startTls, executor);
    }

    @Override
    protected SslHandler newHandler(
        ByteBufAllocator allocator, boolean startTls, Executor executor) {
      return handler(newEngine(allocator), startTls, executor);
    }

    @Override
    protected void initEngine(SSLEngine engine) {} // Vert.x does

    private SslHandler handler(SSLEngine engine, boolean startTls, Executor executor) {
      return new SslHandler(engine, startTls, executor) {
        @Override
        public void handlerAdded(ChannelHandlerContext connection) throws Exception {
          super.handlerAdded(connection);
          ConnectionLimits.readLittleAhead(connection.channel());
          begun(connection, handshakeFuture());
        }
      };
    }
  }
}
