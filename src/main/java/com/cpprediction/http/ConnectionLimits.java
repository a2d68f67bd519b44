package com.cpprediction.http;

import com.cpprediction.common.Slots;
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
 * Limits the number of connections of a node and the time that one may be open without a request:
 * short before its first complete request head, longer between requests. Confined to one event
 * loop.
 */
final class ConnectionLimits {
  private static final int MAX_READ = 16 * 1024;

  private final IntSupplier limit;
  private final Slots ofNode;
  private final ServiceMetrics metrics;
  private final RequestTimeout<HttpConnection> firstHead;
  private final RequestTimeout<HttpConnection> idle;
  private final Set<HttpConnection> open = new HashSet<>();

  /**
   * @param limit maximum number of connections
   * @param ofNode counts the connections of all event loops
   * @param headTime until the first request head is complete
   * @param idleTime from a response to the next complete request head, including the time the
   *     caller takes to read the response
   */
  ConnectionLimits(
      IntSupplier limit,
      Slots ofNode,
      ServiceMetrics metrics,
      Duration headTime,
      Duration idleTime) {
    this.limit = limit;
    this.ofNode = ofNode;
    this.metrics = metrics;
    firstHead = new RequestTimeout<>(headTime, this::headTimedOut);
    idle = new RequestTimeout<>(idleTime, HttpConnection::close);
  }

  /**
   * Limits reads from {@code channel} to 16 KiB, one at a time. Netty would read up to 1 MiB ahead
   * of a paused or refused request and keep it off the heap.
   *
   * @param channel before its first read
   */
  static void limitReadAhead(Channel channel) {
    channel
        .config()
        .setRecvByteBufAllocator(
            new AdaptiveRecvByteBufAllocator(64, 2_048, MAX_READ).maxMessagesPerRead(1));
  }

  /** Registers a new connection, or closes it beyond the limit. */
  void opened(HttpConnection connection) {
    open.add(connection);
    boolean room = ofNode.acquire() <= limit.getAsInt();
    limitReadAhead(((ConnectionBase) connection).channel());
    connection.closeHandler(closed -> closed(connection));
    if (room) {
      HalfClose.allow(connection);
      HttpVersions.check(connection);
      firstHead.start(connection);
    } else {
      metrics.shed(Shed.CONNECTIONS);
      connection.close();
    }
  }

  /** Stops the timeouts of {@code connection}: its request head is complete. */
  void requestStarted(HttpConnection connection) {
    firstHead.cancel(connection);
    idle.cancel(connection);
  }

  /** Starts the idle timeout of {@code connection}: its response is complete or has failed. */
  void responseEnded(HttpConnection connection) {
    if (open.contains(connection)) idle.start(connection);
  }

  void expire() {
    firstHead.expire();
    idle.expire();
  }

  private void headTimedOut(HttpConnection connection) {
    metrics.shed(Shed.SLOW_HEAD);
    connection.close();
  }

  private void closed(HttpConnection connection) {
    open.remove(connection);
    ofNode.release();
    requestStarted(connection);
  }
}
