package com.cpprediction.server;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;

/**
 * A keep-alive connection to an HTTP/1.1 server of this process. Loads no HTTP client, which a
 * start has no other use for. For one thread.
 */
final class LoopbackConnection implements AutoCloseable {
  private static final int SEND_BYTES = 4096;
  private static final String LENGTH = "content-length:";
  private static final String CHUNKED = "transfer-encoding: chunked";
  private static final int HEX = 16;

  private final Socket socket = new Socket();
  private final InputStream in;
  private final String head;

  /**
   * @param token bearer token of each request
   * @param timeout longest wait for a response
   */
  LoopbackConnection(int port, String token, Duration timeout) throws IOException {
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout((int) timeout.toMillis());
      socket.connect(new InetSocketAddress(WarmUp.LOOPBACK, port));
      in = new BufferedInputStream(socket.getInputStream(), SEND_BYTES);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
    head =
        """
        POST %%s HTTP/1.1\r
        Host: 127.0.0.1:%d\r
        Authorization: Bearer %s\r
        Content-Type: %%s\r
        Content-Length: %%d\r
        \r
        """
            .formatted(port, token);
  }

  /**
   * Sends a request and reads its response to the end.
   *
   * @return the status of the response
   */
  int post(String path, String contentType, byte[] body) throws IOException {
    var begin = head.formatted(path, contentType, body.length).getBytes(StandardCharsets.US_ASCII);
    var request = new byte[begin.length + body.length];
    System.arraycopy(begin, 0, request, 0, begin.length);
    System.arraycopy(body, 0, request, begin.length, body.length);
    socket.getOutputStream().write(request);
    int status = Integer.parseInt(line().split(" ")[1]);
    int length = 0;
    boolean chunked = false;
    for (var header = line(); !header.isEmpty(); header = line()) {
      var name = header.toLowerCase(Locale.ROOT);
      if (name.startsWith(LENGTH))
        length = Integer.parseInt(name.substring(LENGTH.length()).strip());
      chunked |= name.equals(CHUNKED);
    }
    if (chunked) skipChunks();
    else in.skipNBytes(length);
    return status;
  }

  private void skipChunks() throws IOException {
    int size;
    do {
      size = Integer.parseInt(line(), HEX);
      in.skipNBytes(size);
      line(); // the end of the chunk
    } while (size > 0);
  }

  private String line() throws IOException {
    var line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) throw new EOFException("the server closed the connection");
      if (c != '\r') line.append((char) c);
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
