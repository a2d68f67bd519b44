package com.cpprediction.loadtest;

import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.net.URI;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The service under test.
 *
 * @param url {@code http://host:port} or {@code https://…}, without a path
 * @param token bearer token; null for none
 * @param trusted decides on certificates; null for the JVM's decision
 * @param insecure whether host names are not verified
 */
public record Target(
    URI url, @Nullable String token, @Nullable TrustManager trusted, boolean insecure) {
  /**
   * Parses a URL.
   *
   * @throws IllegalArgumentException when it has another scheme, a path, a query or a user
   */
  public static Target of(
      String url, @Nullable String token, @Nullable TrustManager trusted, boolean insecure) {
    var uri = URI.create(url);
    boolean web = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
    var path = uri.getPath();
    boolean more = uri.getUserInfo() != null || uri.getQuery() != null || uri.getFragment() != null;
    if (!web
        || more
        || uri.getHost() == null
        || !(path == null || path.isEmpty() || path.equals("/"))) {
      throw new IllegalArgumentException("is not like http://127.0.0.1:8000");
    }
    return new Target(uri, token, trusted, insecure);
  }

  boolean tls() {
    return "https".equals(url.getScheme());
  }

  RequestOptions request(HttpMethod method, String path) {
    int port = url.getPort() >= 0 ? url.getPort() : tls() ? 443 : 80;
    var host = url.getHost();
    var options =
        new RequestOptions()
            .setMethod(method)
            .setHost(host.startsWith("[") ? host.substring(1, host.length() - 1) : host)
            .setPort(port)
            .setSsl(tls())
            .setURI(path);
    if (token != null) options.putHeader("Authorization", "Bearer " + token);
    return options;
  }
}
