package com.cpprediction.cli;

import com.cpprediction.common.UserFacingException;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/** Calls of the HTTP API of a running service. Blocks. */
final class ServiceCalls {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final Set<Integer> RETRYABLE = Set.of(429, 503);
  private static final int ATTEMPTS = 5;
  private static final long MAX_RETRY_SECONDS = 10;

  /** A call failed; the message says why and what to do. */
  static final class FailedException extends UserFacingException {
    private static final long serialVersionUID = 1;

    /** Of the response; 0 without one. */
    private final int status;

    FailedException(String message) {
      this(message, 0);
    }

    private FailedException(String message, int status) {
      super(message, false);
      this.status = status;
    }

    /** Whether the service refuses the body, so that a part of it may be accepted. */
    boolean refusesBody() {
      return status == 400 || status == 413;
    }
  }

  /**
   * A response in JSON.
   *
   * @param status of HTTP
   */
  record Response(int status, JsonObject body) {
    boolean ok() {
      return status == 200;
    }
  }

  private final URI url;
  private final @Nullable String token;
  private final Duration timeout;
  private final HttpClient http;

  /**
   * @param trusted decides on certificates; null for the JVM's decision
   * @param timeout of a response
   */
  ServiceCalls(URI url, @Nullable String token, @Nullable TrustManager trusted, Duration timeout) {
    this.url = url;
    this.token = token;
    this.timeout = timeout;
    var builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT);
    if (trusted != null) builder.sslContext(context(trusted));
    http = builder.build();
  }

  URI url() {
    return url;
  }

  /** The body of a response with status 200. */
  JsonObject get(String path) {
    return body("GET " + path, getAny(path));
  }

  /** The response of any status. */
  Response getAny(String path) {
    return call(request(path).GET().build(), 1);
  }

  /**
   * The body of a response with status 200. A service that refuses for now (429, 503) is called up
   * to five times, each after the seconds of its {@code Retry-After}, else 1, at most 10.
   */
  JsonObject post(String path, JsonObject json) {
    return post(path, json, ATTEMPTS);
  }

  /** As {@link #post(String, JsonObject)}, with another number of calls. */
  JsonObject post(String path, JsonObject json, int attempts) {
    var request =
        request(path)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(json.encode()))
            .build();
    return body("POST " + path, call(request, attempts));
  }

  private HttpRequest.Builder request(String path) {
    var request = HttpRequest.newBuilder(URI.create(url + path)).timeout(timeout);
    request.header("Accept", "application/json");
    if (token != null) request.header("Authorization", "Bearer " + token);
    return request;
  }

  private static JsonObject body(String call, Response response) {
    if (response.ok()) return response.body();
    throw new FailedException(
        "%s: %d %s"
            .formatted(
                call,
                response.status(),
                response.body().getString("detail", "no problem document")),
        response.status());
  }

  private Response call(HttpRequest request, int attempts) {
    try {
      for (int attempt = 1; ; attempt++) {
        var response = http.send(request, BodyHandlers.ofString());
        if (!RETRYABLE.contains(response.statusCode()) || attempt == attempts) {
          return new Response(response.statusCode(), json(response));
        }
        var seconds = response.headers().firstValueAsLong("Retry-After").orElse(1);
        Thread.sleep(Duration.ofSeconds(Math.min(seconds, MAX_RETRY_SECONDS)).toMillis());
      }
    } catch (HttpTimeoutException e) {
      throw new FailedException(
          "The service at %s does not respond within %d s; see --timeout"
              .formatted(url, timeout.toSeconds()));
    } catch (SSLException e) {
      throw new FailedException(
          "No TLS with the service at %s (%s); see --ca and --insecure"
              .formatted(url, e.getMessage()));
    } catch (IOException e) {
      throw new FailedException(
          "The service at %s can't be reached (%s); does it run, and is --url right?"
              .formatted(
                  url, e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FailedException("Interrupted");
    }
  }

  private JsonObject json(HttpResponse<String> response) {
    try {
      return new JsonObject(response.body());
    } catch (DecodeException e) {
      throw new FailedException(
          "%s responds to %s with status %d and no JSON; is it this service?"
              .formatted(url, response.request().uri().getPath(), response.statusCode()));
    }
  }

  /** A context that decides on certificates by {@code trusted}. */
  static SSLContext context(TrustManager trusted) {
    try {
      var context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {trusted}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
