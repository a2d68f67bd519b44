package com.cpprediction.config;

import java.util.regex.Pattern;

/**
 * @param host address to listen on; restart; JSON: {@code http.host}
 * @param port 0..65535, 0 for any free one; restart; JSON: {@code http.port}
 * @param maxConnections open at most, 1..1,000,000; more are closed at once; hot; JSON: {@code
 *     http.max_connections}
 */
public record HttpConfig(String host, int port, int maxConnections) {
  private static final Pattern HOST = Pattern.compile("^[A-Za-z0-9._:%-]+$");
  static final HttpConfig DEFAULT = new HttpConfig("127.0.0.1", 8000, 4096);

  public HttpConfig {
    Check.text("http.host", host, HOST);
    Check.range("http.port", port, 0, 65_535);
    Check.range("http.max_connections", maxConnections, 1, 1_000_000);
  }
}
