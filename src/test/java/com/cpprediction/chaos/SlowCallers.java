package com.cpprediction.chaos;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Connections that hold a server up, as slowhttptest makes them: a third sends its headers byte by
 * byte, a third its body, a third asks for a lot and doesn't read it.
 */
final class SlowCallers implements AutoCloseable {
  private static final int DRIP_MILLIS = 1_000;
  private static final int SMALL_BUFFER = 1_024;
  private static final String HEADERS = "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  private static final String BODY_HEADERS =
      HEADERS + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
  private static final String METRICS = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  private static final int REPEATS = 20;

  private final Vertx vertx = Vertx.vertx();
  private final AtomicInteger closed = new AtomicInteger();
  private final NetClient client;
  private final int port;
  private final int count;
  private volatile boolean ending;

  SlowCallers(int port, int count) {
    this.port = port;
    this.count = count;
    client = vertx.createNetClient(new NetClientOptions().setReceiveBufferSize(SMALL_BUFFER));
  }

  /** Connects all of them; returns when every connection is there or was refused. */
  void begin() {
    var connected = new ArrayList<Future<?>>();
    for (int i = 0; i < count; i++) {
      int kind = i % 3;
      connected.add(
          client
              .connect(port, "127.0.0.1")
              .onSuccess(socket -> hold(socket, kind))
              .onFailure(refused -> closed.incrementAndGet()));
    }
    Future.join(List.copyOf(connected)).otherwiseEmpty().await();
  }

  private void hold(NetSocket socket, int kind) {
    switch (kind) {
      case 0 -> drip(socket, HEADERS, "X");
      case 1 -> drip(socket, BODY_HEADERS, " ");
      default -> {
        socket.pause();
        socket.write(METRICS.repeat(REPEATS));
      }
    }
    socket.closeHandler(
        end -> {
          if (!ending) closed.incrementAndGet();
        });
    socket.exceptionHandler(reset -> socket.close());
  }

  private void drip(NetSocket socket, String begin, String piece) {
    socket.write(begin);
    vertx.setPeriodic(DRIP_MILLIS, tick -> socket.write(piece));
  }

  /** Connections that the server refused or ended. */
  int closedByServer() {
    return closed.get();
  }

  @Override
  public void close() {
    ending = true;
    vertx.close().await();
  }
}
