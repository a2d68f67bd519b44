package com.cpprediction.http;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.IntSupplier;

/**
 * Bounds the connections, and how long one may be open without asking anything: one that never
 * completes its first head only a little, one that was served before for longer. Confined to one
 * event loop.
 */
final class ConnectionLimits {
  private static final int MOST_READ = 16 * 1024;

  private final IntSupplier limit;
  private final ServiceMetrics metrics;
  private final RequestTimeout<HttpConnection> fresh;
  private final RequestTimeout<HttpConnection> idle;
  private final Set<HttpConnection> open = new HashSet<>();

  /**
   * @param limit connections at most
   * @param headTime until the first head is complete
   * @param idleTime from one answer to the next complete head; a caller slow to read its answer
   *     uses it up too
   */
  ConnectionLimits(
      IntSupplier limit, ServiceMetrics metrics, Duration headTime, Duration idleTime) {
    this.limit = limit;
    this.metrics = metrics;
    fresh = new RequestTimeout<>(headTime, this::late);
    idle = new RequestTimeout<>(idleTime, HttpConnection::close);
  }

  /**
   * Reads from {@code channel} in pieces of 16 KiB at most, one at a time. Netty would read up to 1
   * MiB ahead of a request that is paused or refused, outside the heap, and keep it.
   *
   * @param channel from which nothing was read yet
   */
  static void readLittleAhead(Channel channel) {
    channel
        .config()
        .setRecvByteBufAllocator(
            new AdaptiveRecvByteBufAllocator(64, 2_048, MOST_READ).maxMessagesPerRead(1));
  }

  /** More that may be opened. */
  int room() {
    return limit.getAsInt() - open.size();
  }

  /** Takes a connection that was opened, or turns it away. */
  void opened(HttpConnection connection) {
    open.add(connection);
    readLittleAhead(((ConnectionBase) connection).channel());
    connection.closeHandler(closed -> closed(connection));
    if (open.size() > limit.getAsInt()) {
      metrics.shed(Shed.CONNECTIONS);
      connection.close();
    } else {
      HalfClose.allow(connection);
      fresh.begin(connection);
    }
  }

  /** A request has come. */
  void asked(HttpConnection connection) {
    fresh.done(connection);
    idle.done(connection);
  }

  /** Its answer was given, or it broke. */
  void answered(HttpConnection connection) {
    if (open.contains(connection)) idle.begin(connection);
  }

  void sweep() {
    fresh.sweep();
    idle.sweep();
  }

  private void late(HttpConnection connection) {
    metrics.shed(Shed.SLOW_HEAD);
    connection.close();
  }

  private void closed(HttpConnection connection) {
    open.remove(connection);
    asked(connection);
  }
}
