package com.cpprediction.http;

import com.cpprediction.metrics.Shed;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Limits the number of connections of a node, together with those of HTTP, and the time that one
 * may be open without a call, which PINGs don't prolong. Keeps those with watches open, and closes
 * them once their peer is away. Confined to one event loop.
 */
final class GrpcConnections {
  private static final Buffer PING = Buffer.buffer(new byte[Long.BYTES]);

  private final HttpNode node;
  private final RequestTimeout<HttpConnection> firstCall;
  private final RequestTimeout<HttpConnection> nextCall;

  /** Calls of each open connection. */
  private final Map<HttpConnection, Integer> calls = new HashMap<>();

  /** Watches of connections that have some. */
  private final Map<HttpConnection, Integer> watches = new HashMap<>();

  /** Connections whose latest PING is not acknowledged. */
  private final Set<HttpConnection> silent = new HashSet<>();

  /**
   * @param idle from the last call to the next one
   */
  GrpcConnections(HttpNode node, Duration idle) {
    this.node = node;
    firstCall = new RequestTimeout<>(node.timeouts().receive(), this::stalled);
    nextCall = new RequestTimeout<>(idle, HttpConnection::close);
  }

  /** Registers a new connection, or closes it beyond the limit. */
  void opened(HttpConnection connection) {
    boolean room = node.connections().acquire() <= node.config().get().http().maxConnections();
    calls.put(connection, 0);
    connection.closeHandler(closed -> closed(connection));
    if (room) {
      firstCall.start(connection);
    } else {
      node.metrics().shed(Shed.CONNECTIONS);
      connection.close();
    }
  }

  private void closed(HttpConnection connection) {
    node.connections().release();
    calls.remove(connection);
    silent.remove(connection);
    firstCall.cancel(connection);
    nextCall.cancel(connection);
  }

  private void stalled(HttpConnection connection) {
    node.metrics().shed(Shed.SLOW_HEAD);
    connection.close();
  }

  void began(HttpConnection connection) {
    calls.computeIfPresent(connection, (open, count) -> count + 1);
    firstCall.cancel(connection);
    nextCall.cancel(connection);
  }

  /** Follows {@link #began}. */
  void ended(HttpConnection connection) {
    var left = calls.computeIfPresent(connection, (open, count) -> count - 1);
    if (left != null && left == 0) nextCall.start(connection);
  }

  void watch(HttpConnection connection) {
    watches.merge(connection, 1, Integer::sum);
  }

  /** Follows {@link #watch}. */
  void unwatch(HttpConnection connection) {
    watches.computeIfPresent(connection, (watched, count) -> count == 1 ? null : count - 1);
  }

  /** Closes connections without a call; to be called periodically. */
  void expire() {
    firstCall.expire();
    nextCall.expire();
  }

  /** Pings connections with watches, which carry nothing else for long; more often than idle. */
  void ping() {
    silent.retainAll(watches.keySet());
    for (var connection : List.copyOf(watches.keySet())) {
      if (silent.add(connection)) {
        connection.ping(PING).onSuccess(pong -> silent.remove(connection));
      } else {
        connection.close();
      }
    }
  }
}
