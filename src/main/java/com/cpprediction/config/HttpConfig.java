package com.cpprediction.config;

/**
 * @param host address to listen on; JSON: {@code http.host}
 * @param port 0..65535, 0 for any free one; JSON: {@code http.port}
 */
public record HttpConfig(String host, int port) {
  static final HttpConfig DEFAULT = new HttpConfig("127.0.0.1", 8000);

  public HttpConfig {
    Check.range("http.port", port, 0, 65_535);
  }
}
