package com.cpprediction.chaos;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.cpprediction.testing.Await;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** A connection of its own for each exchange, below HTTP. */
final class RawConnection {
  private static final int PATIENCE_MILLIS = 20_000;
  private static final Duration PAUSE = Duration.ofMillis(10); // of a slow sender
  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] (\\d{3})(?: .*)?");
  private static final Pattern LENGTH = Pattern.compile("content-length: (\\d+)");

  /**
   * A response as it came.
   *
   * @param head status line and headers, in lower case
   */
  record Response(int status, String head, String body) {}

  /**
   * The complete responses of an exchange.
   *
   * @param reset whether the connection ended in a reset, which may discard a response on its way
   */
  record Responses(List<Response> all, boolean reset) {}

  /** The bytes received are no sequence of responses, or the connection stayed open. */
  static final class BrokenException extends IOException {
    BrokenException(String what) {
      super(what);
    }
  }

  private RawConnection() {}

  /**
   * Sends all bytes, shuts the sending side down and reads to the end.
   *
   * @param tls of the client; null for plain TCP
   * @return no response where the sender aborted
   * @throws BrokenException where the server broke the protocol
   */
  static Responses exchange(
      InetSocketAddress server, @Nullable SSLContext tls, HostileExchange exchange)
      throws IOException {
    try (var plain = new Socket()) {
      plain.connect(server, PATIENCE_MILLIS);
      plain.setSoTimeout(PATIENCE_MILLIS);
      plain.setTcpNoDelay(true);
      try (var socket = tls == null ? plain : secured(tls, plain, server)) {
        boolean reset = !send(socket, exchange);
        if (exchange.aborted()) {
          plain.setSoLinger(true, 0);
          return new Responses(List.of(), true);
        }
        var received = new ByteArrayOutputStream();
        reset |= !read(socket, received);
        return new Responses(parse(received.toByteArray(), reset), reset);
      }
    }
  }

  private static Socket secured(SSLContext tls, Socket plain, InetSocketAddress server)
      throws IOException {
    return tls.getSocketFactory()
        .createSocket(plain, server.getHostString(), server.getPort(), true);
  }

  /**
   * @return false where the server has reset the connection, as it may while a request is refused
   */
  private static boolean send(Socket socket, HostileExchange exchange) {
    try {
      var out = socket.getOutputStream();
      int at = 0;
      for (int pause : exchange.pauses()) {
        out.write(exchange.bytes(), at, pause - at);
        out.flush();
        at = pause;
        Await.elapse(PAUSE);
      }
      out.write(exchange.bytes(), at, exchange.bytes().length - at);
      out.flush();
      socket.shutdownOutput();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Reads to the end of the connection; returns false where that is a reset. */
  private static boolean read(Socket socket, ByteArrayOutputStream all) throws BrokenException {
    var buffer = new byte[16_384];
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
    try {
      for (int n; (n = socket.getInputStream().read(buffer)) >= 0; ) {
        all.write(buffer, 0, n);
        if (System.nanoTime() - end > 0) throw new InterruptedIOException();
      }
    } catch (InterruptedIOException e) {
      throw new BrokenException("still open after " + PATIENCE_MILLIS + " ms: " + all);
    } catch (IOException e) { // the bytes before a reset count
      return false;
    }
    return true;
  }

  /**
   * @param partial whether the last response may be incomplete
   */
  private static List<Response> parse(byte[] bytes, boolean partial) throws BrokenException {
    var text = new String(bytes, ISO_8859_1);
    var responses = new ArrayList<Response>();
    int at = 0;
    while (at < text.length()) {
      int end = text.indexOf("\r\n\r\n", at);
      if (end < 0) {
        if (partial) return responses;
        throw new BrokenException("no response: " + text.substring(at));
      }
      var head = text.substring(at, end).toLowerCase(Locale.ROOT);
      var status = STATUS.matcher(text.substring(at, text.indexOf("\r\n", at)));
      if (!status.matches()) throw new BrokenException("no status line: " + text.substring(at));
      int code = Integer.parseInt(status.group(1));
      at = end + 4;
      if (code < 200) continue;
      var body = new StringBuilder();
      at = body(text, at, head, code, body);
      var utf8 =
          new String(body.toString().getBytes(ISO_8859_1), java.nio.charset.StandardCharsets.UTF_8);
      responses.add(new Response(code, head, utf8));
    }
    return responses;
  }

  /** Appends a body to {@code to}; returns where it ends. */
  private static int body(String text, int at, String head, int code, StringBuilder to) {
    if (code == 204 || code == 304) return at;
    if (head.contains("transfer-encoding: chunked")) {
      while (true) {
        int line = text.indexOf("\r\n", at);
        if (line < 0) return text.length(); // ended amid a stream
        int size = Integer.parseInt(text.substring(at, line), 16);
        int from = line + 2;
        if (size == 0) return Math.min(text.length(), from + 2);
        int end = Math.min(text.length(), from + size);
        to.append(text, from, end);
        at = Math.min(text.length(), end + 2);
      }
    }
    var length = LENGTH.matcher(head);
    int size = length.find() ? Integer.parseInt(length.group(1)) : text.length() - at;
    int end = Math.min(text.length(), at + size);
    // A response to HEAD has the length of a body that isn't there.
    if (text.startsWith("HTTP/1.", at)) return at;
    to.append(text, at, end);
    return end;
  }
}
