package com.cpprediction.config;

import java.util.regex.Pattern;

/**
 * @param host address to listen on; restart; JSON: {@code http.host}
 * @param port 0..65535, 0 for any free one; restart; JSON: {@code http.port}
 */
public record HttpConfig(String host, int port) {
  private static final Pattern HOST = Pattern.compile("^[A-Za-z0-9._:%-]+$");
  static final HttpConfig DEFAULT = new HttpConfig("127.0.0.1", 8000);

  public HttpConfig {
    Check.text("http.host", host, HOST);
    Check.range("http.port", port, 0, 65_535);
  }
}
