package com.cpprediction.http;

import com.cpprediction.common.Slots;
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
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.IntSupplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;

/**
 * Connections in their TLS handshake, which Vert.x doesn't report: counts them against the
 * connection limit and closes them when the service stops. Thread-safe: with several event loops
 * the handshakes of all of them are made with the options of the first.
 */
final class Handshakes {
  private final IntSupplier remaining;
  private final ServiceMetrics metrics;
  private final Set<ChannelHandlerContext> inProgress = ConcurrentHashMap.newKeySet();
  private final Slots slots = new Slots();
  private volatile boolean stopping;

  /**
   * @param remaining number of further connections that may be opened
   */
  Handshakes(IntSupplier remaining, ServiceMetrics metrics) {
    this.remaining = remaining;
    this.metrics = metrics;
  }

  /** Engine options for the server; they count connections from their acceptance. */
  JdkSSLEngineOptions engine() {
    return new CountingEngineOptions();
  }

  int count() {
    return slots.used();
  }

  /** Closes current and future handshakes. */
  void closeAll() {
    stopping = true;
    List.copyOf(inProgress).forEach(ChannelHandlerContext::close);
  }

  private void started(ChannelHandlerContext connection, Future<?> handshake) {
    if (!slots.tryAcquire(remaining.getAsInt())) {
      metrics.shed(Shed.CONNECTIONS);
      connection.close();
      return;
    }
    inProgress.add(connection);
    handshake.addListener(done -> ended(connection, done.cause()));
    if (stopping) connection.close(); // closeAll may have missed it
  }

  private void ended(ChannelHandlerContext connection, Throwable cause) {
    inProgress.remove(connection);
    slots.release();
    if (cause instanceof SslHandshakeTimeoutException) metrics.shed(Shed.SLOW_HEAD);
  }

  /** The JDK's engine; its handshakes compute for milliseconds, hence on worker threads. */
  private final class CountingEngineOptions extends JdkSSLEngineOptions {
    CountingEngineOptions() {
      setUseWorkerThread(true);
    }

    @Override
    public JdkSSLEngineOptions copy() {
      return new CountingEngineOptions();
    }

    @Override
    public SslContextFactory sslContextFactory() {
      return new DefaultSslContextFactory(SslProvider.JDK, false) {
        @Override
        public SslContext create() throws SSLException {
          return new CountingSslContext(super.create());
        }
      };
    }
  }

  private final class CountingSslContext extends DelegatingSslContext {
    CountingSslContext(SslContext context) {
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
    protected void initEngine(SSLEngine engine) {} // Vert.x initializes it

    private SslHandler handler(SSLEngine engine, boolean startTls, Executor executor) {
      return new SslHandler(engine, startTls, executor) {
        @Override
        public void handlerAdded(ChannelHandlerContext connection) throws Exception {
          super.handlerAdded(connection);
          ConnectionLimits.limitReadAhead(connection.channel());
          started(connection, handshakeFuture());
        }
      };
    }
  }
}
