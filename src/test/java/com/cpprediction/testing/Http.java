package com.cpprediction.testing;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntSupplier;
import javax.net.ssl.SSLContext;

/** A client of one service. */
public final class Http {
  private final HttpClient client;
  private final String scheme;
  private final IntSupplier port;

  public Http(int port) {
    this(() -> port);
  }

  /**
   * @param port read at each request, since a restart may change it
   */
  public Http(IntSupplier port) {
    this(HttpClient.newHttpClient(), "http", port);
  }

  /** Over HTTPS. */
  public Http(int port, SSLContext trusting) {
    this(HttpClient.newBuilder().sslContext(trusting).build(), "https", () -> port);
  }

  private Http(HttpClient client, String scheme, IntSupplier port) {
    this.client = client;
    this.scheme = scheme;
    this.port = port;
  }

  public record Answer(int status, String body) {
    public JsonObject json() {
      return new JsonObject(body);
    }
  }

  /** A body of {@code POST /predict}. */
  public static JsonObject shipment(String id, String address) {
    return new JsonObject().put("shipment_id", id).put("address", address);
  }

  public Answer get(String path, String... headers) {
    var request = request(path);
    if (headers.length > 0) request.headers(headers);
    return send(request.GET());
  }

  public Answer post(String path, JsonObject body) {
    return send(post(path, body.encode()));
  }

  /** With headers, names and values in turn. */
  public Answer post(String path, JsonObject body, String... headers) {
    return send(post(path, body.encode()).headers(headers));
  }

  public Answer delete(String path) {
    return send(request(path).DELETE());
  }

  /** Posts every body, at most 32 at a time, and keeps the order. */
  public List<Answer> postAll(String path, List<JsonObject> bodies) {
    var window = new java.util.concurrent.Semaphore(32);
    var answers =
        bodies.stream()
            .map(
                body -> {
                  window.acquireUninterruptibly();
                  return client
                      .sendAsync(post(path, body.encode()).build(), BodyHandlers.ofString())
                      .whenComplete((answer, failure) -> window.release())
                      .thenApply(Http::answer);
                })
            .toList();
    return answers.stream().map(CompletableFuture::join).toList();
  }

  private HttpRequest.Builder post(String path, String body) {
    return request(path)
        .header("content-type", "application/json")
        .POST(BodyPublishers.ofString(body));
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(scheme + "://127.0.0.1:" + port.getAsInt() + path))
        .timeout(Duration.ofSeconds(30));
  }

  private Answer send(HttpRequest.Builder request) {
    try {
      return answer(client.send(request.build(), BodyHandlers.ofString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static Answer answer(HttpResponse<String> response) {
    return new Answer(response.statusCode(), response.body());
  }
}
