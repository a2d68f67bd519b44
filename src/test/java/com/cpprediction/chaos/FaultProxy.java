package com.cpprediction.chaos;

import com.cpprediction.testing.Ports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/**
 * Stands between the service and PostgreSQL and spoils the way, from any moment on, for connections
 * that are there as for new ones. Two threads for each connection. Modelled on toxiproxy's toxics.
 */
final class FaultProxy implements AutoCloseable {
  /** Where bytes flow. */
  enum Direction {
    /** To PostgreSQL. */
    UP,
    /** From PostgreSQL. */
    DOWN
  }

  /** What happens on the way. */
  enum Mode {
    /** Nothing. */
    PASS,
    /** Each piece is late by {@link #argument} milliseconds. */
    LATENCY,
    /** All is taken, nothing is passed on. */
    BLACKHOLE,
    /** Nothing is read any more, until senders' buffers are full. */
    HALF_OPEN,
    /** At most {@link #argument} bytes per second and direction. */
    RATE,
    /** Connections break with RST. */
    RESET,
    /** As {@link #RESET}, and the port refuses connections. */
    REFUSE
  }

  private static final int PIECE = 8192;
  private static final long PAUSE_NANOS = 5_000_000;
  private static final long NO_CUT = Long.MAX_VALUE;

  private final int target;
  private final int port;
  private final Set<Pair> pairs = ConcurrentHashMap.newKeySet();
  private final AtomicLongArray passed = new AtomicLongArray(Direction.values().length);
  private final AtomicInteger cuts = new AtomicInteger();
  private volatile Mode mode = Mode.PASS;
  private volatile long argument;
  private volatile boolean closed;
  private ServerSocket listener;
  private Direction cutting;
  private long uncut = NO_CUT; // bytes to pass before the cut

  /** One connection, both halves of it. */
  private final class Pair {
    private final Socket client;
    private final Socket server;

    Pair(Socket client, Socket server) throws IOException {
      this.client = client;
      this.server = server;
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
    }

    void run() {
      daemon(() -> pump(client, server, Direction.UP));
      daemon(() -> pump(server, client, Direction.DOWN));
    }

    private void pump(Socket from, Socket to, Direction direction) {
      var bytes = new byte[PIECE];
      try {
        while (true) {
          while (mode == Mode.HALF_OPEN && !closed) LockSupport.parkNanos(PAUSE_NANOS);
          int read = from.getInputStream().read(bytes, 0, pieceSize());
          if (read < 0) break;
          if (mode == Mode.BLACKHOLE) continue;
          delay(read);
          int allowed = allowed(direction, read);
          to.getOutputStream().write(bytes, 0, allowed);
          passed.addAndGet(direction.ordinal(), allowed);
          if (cutDone(direction)) {
            cuts.incrementAndGet();
            reset();
          }
        }
        end(); // neither side of this protocol goes on half closed
      } catch (IOException e) { // the other half was closed or reset: that is how a pair ends
        end();
      }
    }

    void reset() throws IOException {
      client.setSoLinger(true, 0);
      server.setSoLinger(true, 0);
      end();
    }

    private void end() {
      pairs.remove(this);
      for (var socket : new Socket[] {client, server}) {
        try {
          socket.close();
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }

  FaultProxy(int target) throws IOException {
    this.target = target;
    this.port = Ports.free();
    listen();
  }

  int port() {
    return port;
  }

  /** Bytes passed on so far. */
  long passed(Direction direction) {
    return passed.get(direction.ordinal());
  }

  /** Cuts done so far. */
  int cuts() {
    return cuts.get();
  }

  void pass() throws IOException {
    be(Mode.PASS, 0);
  }

  /**
   * @param argument milliseconds or bytes per second; 0 where the mode has none
   */
  void be(Mode changed, long argument) throws IOException {
    this.argument = argument;
    mode = changed;
    if (changed == Mode.REFUSE) listener.close();
    else if (listener.isClosed()) listen();
    if (changed == Mode.RESET || changed == Mode.REFUSE) for (var pair : pairs) pair.reset();
  }

  /**
   * Passes the next {@code bytes} of one direction, all connections together, then breaks the
   * connection that carries the last of them. Once.
   */
  synchronized void cutAfter(long bytes, Direction direction) {
    cutting = direction;
    uncut = bytes;
  }

  private synchronized int allowed(Direction direction, int read) {
    if (uncut == NO_CUT || direction != cutting) return read;
    int allowed = (int) Math.min(read, uncut);
    uncut -= allowed;
    return allowed;
  }

  private synchronized boolean cutDone(Direction direction) {
    if (direction != cutting || uncut > 0) return false;
    uncut = NO_CUT;
    return true;
  }

  private int pieceSize() {
    return mode == Mode.RATE ? (int) Math.max(1, argument / 20) : PIECE;
  }

  private void delay(int bytes) {
    if (mode == Mode.LATENCY) LockSupport.parkNanos(argument * 1_000_000);
    if (mode == Mode.RATE) LockSupport.parkNanos(bytes * 1_000_000_000L / argument);
  }

  private void listen() throws IOException {
    var socket = new ServerSocket();
    socket.setReuseAddress(true);
    socket.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port));
    listener = socket;
    daemon(() -> accept(socket));
  }

  private void accept(ServerSocket socket) {
    while (!socket.isClosed()) {
      try {
        join(socket.accept());
      } catch (IOException e) { // closed, to refuse; or the client is gone already
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private void join(Socket client) throws IOException {
    Socket server;
    try {
      server = new Socket("127.0.0.1", target);
    } catch (IOException e) { // as a refused connection
      client.setSoLinger(true, 0);
      client.close();
      return;
    }
    var pair = new Pair(client, server);
    pairs.add(pair);
    if (mode == Mode.RESET) pair.reset();
    else pair.run();
  }

  private static void daemon(Runnable work) {
    var thread = new Thread(work, "fault-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    closed = true;
    listener.close();
    for (var pair : pairs) pair.end();
  }
}
