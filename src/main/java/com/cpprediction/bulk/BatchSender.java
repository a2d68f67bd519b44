package com.cpprediction.bulk;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Sends batches to several services until each of their shipments is predicted, or can't be. What a
 * service refuses for the moment, and what it was asked when it died, is sent again with the same
 * prediction ids, after ever longer waits. Thread-safe; blocks.
 */
final class BatchSender {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration RESPONSE_TIMEOUT = Duration.ofSeconds(60);
  private static final int OK = 200;
  private static final int TOO_MANY = 429;
  private static final int SERVER_ERROR = 500;
  private static final long FIRST_WAIT_MILLIS = 100;
  private static final long LONGEST_WAIT_MILLIS = 10_000;
  private static final int DOUBLINGS = 7;

  /** Codes of problems that pass. */
  private static final Set<String> PASSING =
      Set.of("overloaded", "not-ready", "deadline-exceeded", "rate-limited");

  private final List<URI> services;
  private final @Nullable String token;
  private final Duration patience;
  private final HttpClient http;
  private final AtomicInteger turn = new AtomicInteger();

  /** Codes of the problem of a body that is refused as a whole, for one of its shipments. */
  private static final Set<String> BAD_BODY = Set.of("malformed-request", "too-large");

  /**
   * What became of a call.
   *
   * @param results by shipment; null where all are to be sent again
   * @param waitMillis what the service asks to wait; 0 where it doesn't
   * @param reason why they are to be sent again
   */
  private record Attempt(@Nullable JsonArray results, long waitMillis, String reason) {}

  /**
   * @param services asked in turn
   * @param tls null for the JVM's own
   * @param patience longest time that a batch is refused
   */
  BatchSender(
      List<URI> services, @Nullable String token, @Nullable SSLContext tls, Duration patience) {
    this.services = List.copyOf(services);
    this.token = token;
    this.patience = patience;
    var builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT);
    if (tls != null) builder.sslContext(tls);
    http = builder.build();
  }

  /**
   * The results of {@code shipments}, in their order, as in the response of {@code POST
   * /predict/batch}.
   *
   * @throws BulkException when a service refuses such calls, or all refuse this one for too long
   */
  List<JsonObject> send(List<JsonObject> shipments) throws InterruptedException {
    var results = new ArrayList<@Nullable JsonObject>();
    for (var shipment : shipments) results.add(null);
    var open = new ArrayList<Integer>();
    for (int i = 0; i < shipments.size(); i++) open.add(i);
    int failures = 0;
    long since = System.nanoTime(); // of the last progress
    while (!open.isEmpty()) {
      var service = services.get(Math.floorMod(turn.getAndIncrement(), services.size()));
      var attempt = call(service, open.stream().map(shipments::get).toList());
      int before = open.size();
      if (attempt.results() != null) settle(attempt.results(), open, results);
      if (open.isEmpty()) break;
      if (open.size() < before) {
        failures = 0;
        since = System.nanoTime();
        continue;
      }
      checkPatience(since, attempt, service);
      Thread.sleep(wait(attempt, ++failures));
    }
    return results.stream().map(JsonObject.class::cast).toList();
  }

  /** Keeps the results that are final, and leaves the others open. */
  private static void settle(
      JsonArray answered, List<Integer> open, List<@Nullable JsonObject> results) {
    var again = new ArrayList<Integer>();
    for (int i = 0; i < open.size(); i++) {
      var result = answered.getJsonObject(i);
      var error = result.getJsonObject("error");
      if (error != null && PASSING.contains(error.getString("code", ""))) again.add(open.get(i));
      else results.set(open.get(i), result);
    }
    open.clear();
    open.addAll(again);
  }

  private void checkPatience(long since, Attempt attempt, URI service) {
    if (System.nanoTime() - since <= patience.toNanos()) return;
    throw new BulkException(
        "A batch was refused for %d s; the last reason, of %s: %s. Go on with the same command once the service is well"
            .formatted(patience.toSeconds(), service, attempt.reason()));
  }

  /** Doubles with each failure; random, so that several runs don't call together. */
  private static long wait(Attempt attempt, int failures) {
    long doubled = FIRST_WAIT_MILLIS << Math.min(failures - 1, DOUBLINGS);
    long longest = Math.min(LONGEST_WAIT_MILLIS, Math.max(doubled, attempt.waitMillis()));
    return ThreadLocalRandom.current().nextLong(longest / 2, longest + 1);
  }

  private Attempt call(URI service, List<JsonObject> shipments) throws InterruptedException {
    var body = new JsonObject().put("shipments", new JsonArray(shipments)).encode();
    var request =
        HttpRequest.newBuilder(URI.create(service + "/predict/batch"))
            .timeout(RESPONSE_TIMEOUT)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body));
    if (token != null) request.header("Authorization", "Bearer " + token);
    try {
      return attempt(service, http.send(request.build(), BodyHandlers.ofString()), shipments);
    } catch (SSLException e) {
      throw new BulkException(
          "No TLS with the service at %s (%s); see --ca and --insecure"
              .formatted(service, e.getMessage()));
    } catch (IOException e) {
      return new Attempt(
          null, 0, e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
    }
  }

  private Attempt attempt(URI service, HttpResponse<String> response, List<JsonObject> shipments)
      throws InterruptedException {
    int status = response.statusCode();
    JsonObject json;
    try {
      json = new JsonObject(response.body());
    } catch (DecodeException e) { // of a proxy before it
      json = new JsonObject();
    }
    var results = json.getJsonArray("results");
    if (status == OK && results != null && results.size() == shipments.size()) {
      return new Attempt(results, 0, lastReason(json));
    }
    var detail = json.getString("detail", "no problem document");
    if (status == TOO_MANY || status >= SERVER_ERROR) {
      long seconds = response.headers().firstValueAsLong("Retry-After").orElse(0);
      return new Attempt(null, Duration.ofSeconds(seconds).toMillis(), status + " " + detail);
    }
    if (BAD_BODY.contains(json.getString("code", ""))) return apart(service, shipments, json);
    throw new BulkException("%s/predict/batch: %d %s".formatted(service, status, detail));
  }

  /** Finds the shipment for which a body was refused, which has the problem as its result. */
  private Attempt apart(URI service, List<JsonObject> shipments, JsonObject problem)
      throws InterruptedException {
    if (shipments.size() == 1) {
      return new Attempt(new JsonArray().add(new JsonObject().put("error", problem)), 0, "");
    }
    int half = shipments.size() / 2;
    var first = call(service, shipments.subList(0, half));
    if (first.results() == null) return first;
    var second = call(service, shipments.subList(half, shipments.size()));
    if (second.results() == null) return second;
    return new Attempt(first.results().copy().addAll(second.results()), 0, second.reason());
  }

  /** Why the last shipment failed that did. */
  private static String lastReason(JsonObject json) {
    var reason = "none";
    for (var result : json.getJsonArray("results")) {
      var error = ((JsonObject) result).getJsonObject("error");
      if (error != null) reason = error.getString("detail", "");
    }
    return reason;
  }
}
