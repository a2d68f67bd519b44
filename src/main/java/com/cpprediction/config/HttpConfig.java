package com.cpprediction.config;

import java.util.List;
import java.util.Locale;

/**
 * The HTTP server.
 *
 * @param instances zero for one per processor, at most 8
 * @param maxPendingBytes zero for a share of the heap
 * @param allowedHosts in lower case
 */
public record HttpConfig(
    String host,
    int port,
    int instances,
    int maxConnections,
    int maxPendingBytes,
    int maxStreams,
    List<String> allowedHosts,
    BearerTokens adminToken,
    BearerTokens predictToken,
    Tls tls) {
  private static final int MOST_BY_DEFAULT = 8;

  /** HTTPS: all empty for plain HTTP. */
  public record Tls(String certificate, String key, String password) {
    public boolean enabled() {
      return !certificate.isEmpty() || !key.isEmpty() || !password.isEmpty();
    }

    @Override
    public String toString() { // without the password
      return "Tls[certificate=%s, key=%s]".formatted(certificate, key);
    }
  }

  public HttpConfig {
    allowedHosts = allowedHosts.stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
  }

  /** Event loops that serve HTTP: as configured, or one per processor. */
  public int eventLoops() {
    return instances > 0
        ? instances
        : Math.min(MOST_BY_DEFAULT, Runtime.getRuntime().availableProcessors());
  }
}
