package com.cpprediction.benchmarks;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Locale;
import java.util.function.Supplier;
import org.HdrHistogram.Histogram;

/**
 * Callers on kept-alive connections to one HTTP/1.1 server on the loopback interface, each sending
 * its next request on a response. One thread and a few system calls per request, so that little
 * processor time is taken from the server. Understands responses with {@code Content-Length} only.
 */
final class ClosedLoop implements AutoCloseable {
  private static final long LONGEST_NANOS = Duration.ofMinutes(1).toNanos();
  private static final int DIGITS = 3;
  private static final int RESPONSE_BYTES = 1 << 20;
  private static final byte[] END_OF_HEAD = "\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CACHED = "\"source\":\"cache\"}".getBytes(StandardCharsets.US_ASCII);

  private final Selector selector;
  private final ArrayList<Caller> callers = new ArrayList<>();
  private Supplier<byte[]> requests;
  private long left;
  private long end;
  private long ok;
  private long failed;
  private long cached;
  private Histogram latency;

  /**
   * Results of one run.
   *
   * @param failed responses with a status other than 200
   * @param cached of {@code ok}, single predictions from the cache
   * @param latency in nanoseconds, of {@code ok}
   */
  record Result(long ok, long failed, long cached, double seconds, Histogram latency) {}

  ClosedLoop(int port, int callers) throws IOException {
    selector = Selector.open();
    for (int i = 0; i < callers; i++) this.callers.add(new Caller(port));
  }

  /**
   * Sends for {@code lasts}, or {@code most} requests, and waits for all responses.
   *
   * @param requests whole requests, head and body
   * @throws IOException when the server closes a connection
   */
  Result run(Supplier<byte[]> requests, Duration lasts, long most) throws IOException {
    this.requests = requests;
    left = most;
    ok = 0;
    failed = 0;
    cached = 0;
    latency = new Histogram(LONGEST_NANOS, DIGITS);
    long begun = System.nanoTime();
    end = begun + lasts.toNanos();
    int open = 0;
    for (var caller : callers) if (caller.send()) open++;
    while (open > 0) {
      selector.select();
      for (var key : selector.selectedKeys()) {
        if (((Caller) key.attachment()).receive()) open--;
      }
      selector.selectedKeys().clear();
    }
    return new Result(ok, failed, cached, (System.nanoTime() - begun) / 1e9, latency);
  }

  @Override
  public void close() throws IOException {
    for (var caller : callers) caller.channel.close();
    selector.close();
  }

  private final class Caller {
    private final SocketChannel channel;
    private final ByteBuffer in = ByteBuffer.allocateDirect(RESPONSE_BYTES);
    private int head = -1; // length, once it has arrived
    private int whole = -1;
    private boolean good;
    private long sent;

    Caller(int port) throws IOException {
      channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_READ, this);
    }

    /**
     * @return false once nothing is to be sent any more
     */
    boolean send() throws IOException {
      long now = System.nanoTime();
      if (left <= 0 || now >= end) return false;
      left--;
      sent = now;
      var out = ByteBuffer.wrap(requests.get());
      while (out.hasRemaining()) channel.write(out); // a request fits into an empty socket buffer
      return true;
    }

    /**
     * @return whether it was the caller's last response
     */
    boolean receive() throws IOException {
      if (channel.read(in) < 0) throw new IOException("the server closed a connection");
      if (head < 0) readHead();
      if (head < 0 || in.position() < whole) return false;
      if (good) {
        latency.recordValue(Math.min(System.nanoTime() - sent, LONGEST_NANOS));
        ok++;
        if (endsWith(CACHED)) cached++;
      } else {
        failed++;
      }
      in.clear();
      head = -1;
      return !send();
    }

    private void readHead() throws IOException {
      for (int at = END_OF_HEAD.length; at <= in.position(); at++) {
        if (!matches(END_OF_HEAD, at)) continue;
        var bytes = new byte[at];
        in.get(0, bytes);
        var text = new String(bytes, StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT);
        int length = text.indexOf("content-length: ");
        if (length < 0) throw new IOException("a response without a length: " + text);
        int from = length + "content-length: ".length();
        whole = at + Integer.parseInt(text, from, text.indexOf('\r', from), 10);
        good = text.startsWith("http/1.1 200");
        head = at;
        return;
      }
    }

    private boolean endsWith(byte[] suffix) {
      return matches(suffix, in.position());
    }

    private boolean matches(byte[] bytes, int end) {
      if (end < bytes.length) return false;
      for (int i = 0; i < bytes.length; i++) {
        if (in.get(end - bytes.length + i) != bytes[i]) return false;
      }
      return true;
    }
  }
}
