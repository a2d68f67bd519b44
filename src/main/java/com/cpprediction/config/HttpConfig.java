package com.cpprediction.config;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * @param host address to listen on; restart; JSON: {@code http.host}
 * @param port 0..65535, 0 for any free one; restart; JSON: {@code http.port}
 * @param maxConnections open at most, 1..1,000,000; more are closed at once; hot; JSON: {@code
 *     http.max_connections}
 * @param maxPendingBytes of bodies under way and of answers not read yet, together,
 *     0..2,000,000,000; 0 means a sixteenth of the heap; hot; JSON: {@code http.max_pending_bytes}
 * @param maxStreams of {@code POST /predict/stream} at a time, 1..100,000; hot; JSON: {@code
 *     http.max_streams}
 * @param allowedHosts names by which callers may ask for the service, in lower case, beside those
 *     of this machine where it listens on loopback; hot; JSON: {@code http.allowed_hosts}
 * @param adminTokens of those who may do what an operator does, and all the rest; none means
 *     callers from this machine; hot; JSON: {@code http.admin_token}
 * @param predictTokens of those who may ask for predictions; none means everybody; hot; JSON:
 *     {@code http.predict_token}
 * @param tls HTTPS
 */
public record HttpConfig(
    String host,
    int port,
    int maxConnections,
    int maxPendingBytes,
    int maxStreams,
    List<String> allowedHosts,
    Tokens adminTokens,
    Tokens predictTokens,
    Tls tls) {
  /**
   * The paths and the password are read at start only, the files behind them while the service
   * runs.
   *
   * @param certificate path of the certificate chain in PEM, or of a keystore; empty for plain
   *     HTTP; JSON: {@code http.tls.certificate}
   * @param key path of the private key in PEM; empty with a keystore; JSON: {@code http.tls.key}
   * @param password of the keystore and its key; JSON: {@code http.tls.password}
   */
  public record Tls(String certificate, String key, String password) {
    private static final Pattern PATH = Pattern.compile("^$|\\S"); // first: what is off is checked
    private static final Pattern ANY = Pattern.compile("");

    public static final Tls OFF = new Tls("", "", "");

    public Tls {
      Check.text("http.tls.certificate", certificate, PATH);
      Check.text("http.tls.key", key, PATH);
      Check.text("http.tls.password", password, ANY);
    }

    /** Whether connections are encrypted. */
    public boolean on() {
      return !equals(OFF);
    }

    @Override
    public String toString() {
      return "Tls[certificate=%s, key=%s]".formatted(certificate, key);
    }
  }

  private static final Pattern HOST = Pattern.compile("^[A-Za-z0-9._:%-]+$");

  private static final Pattern ALLOWED_HOST =
      Pattern.compile("^([A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])$");

  static final HttpConfig DEFAULT =
      new HttpConfig("127.0.0.1", 8000, 4096, 0, 64, List.of(), Tokens.NONE, Tokens.NONE, Tls.OFF);

  public HttpConfig {
    Check.text("http.host", host, HOST);
    Check.range("http.port", port, 0, 65_535);
    Check.range("http.max_connections", maxConnections, 1, 1_000_000);
    Check.range("http.max_pending_bytes", maxPendingBytes, 0, 2_000_000_000);
    Check.range("http.max_streams", maxStreams, 1, 100_000);
    for (var name : allowedHosts) Check.text("http.allowed_hosts", name, ALLOWED_HOST);
    allowedHosts = allowedHosts.stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
  }
}
