package com.cpprediction.chaos;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Responds as the service on a bad day: it refuses the first request, closes the connection of the
 * second, breaks off a stream in the third, and fails some shipments of a batch or stream in the
 * next. What it refuses or fails for good is always the same.
 */
final class FlakyService implements AutoCloseable {
  /** A shipment that is malformed however often it is sent. */
  static final String MALFORMED = "9";

  private static final int BEFORE_BREAK = 5; // results of a stream
  private static final int WAIT_SECONDS = 10;

  private final Vertx vertx = Vertx.vertx();
  private final AtomicInteger requests = new AtomicInteger();
  private final Map<String, Set<String>> ids = new ConcurrentHashMap<>();
  private final HttpServer server;

  FlakyService() throws Exception {
    server =
        vertx
            .createHttpServer()
            .requestHandler(request -> request.body().onSuccess(body -> respond(request, body)))
            .listen(0, "127.0.0.1")
            .await(WAIT_SECONDS, TimeUnit.SECONDS);
  }

  String url() {
    return "http://127.0.0.1:" + server.actualPort();
  }

  /** The prediction ids with which each shipment was sent, by its id. */
  Map<String, Set<String>> ids() {
    return ids;
  }

  private void respond(HttpServerRequest request, Buffer body) {
    int number = requests.incrementAndGet();
    if (number == 1) {
      request
          .response()
          .setStatusCode(503)
          .putHeader("Retry-After", "1")
          .putHeader("Content-Type", "application/problem+json")
          .end(problem(503, "overloaded").toBuffer());
    } else if (number == 2) {
      request.connection().close();
    } else {
      switch (request.path()) {
        case "/predict/stream" -> stream(request, body, number);
        case "/predict/batch" -> batch(request, body, number);
        default -> json(request, prediction(body.toJsonObject()));
      }
    }
  }

  private void stream(HttpServerRequest request, Buffer body, int number) {
    var response = request.response().setChunked(true);
    response.putHeader("Content-Type", "application/x-ndjson");
    int line = 0;
    for (var shipment : body.toString().split("\n")) {
      line++;
      var result = result(new JsonObject(shipment), number == 4 && line % 3 == 0);
      if (result.containsKey("error")) result.put("line", line);
      response.write(result.encode() + "\n");
      if (number == 3 && line == BEFORE_BREAK) {
        request.connection().close();
        return;
      }
    }
    response.end();
  }

  private void batch(HttpServerRequest request, Buffer body, int number) {
    var results = new JsonArray();
    for (var shipment : body.toJsonObject().getJsonArray("shipments")) {
      results.add(result((JsonObject) shipment, number == 3 && results.size() % 3 == 0));
    }
    var summary = new JsonObject().put("count", results.size()).put("predicted", 0);
    summary.put("failed", 0).put("cached", 0);
    json(request, new JsonObject().put("results", results).put("summary", summary));
  }

  private JsonObject result(JsonObject shipment, boolean unavailable) {
    var id = shipment.getString("shipment_id");
    if (id.equals(MALFORMED)) return failure(id, 400, "malformed-request");
    return unavailable ? failure(id, 503, "not-ready") : prediction(shipment);
  }

  private JsonObject prediction(JsonObject shipment) {
    var id = shipment.getString("shipment_id");
    var predictionId = shipment.getString("prediction_id");
    ids.computeIfAbsent(id, first -> new HashSet<>()).add(predictionId);
    return new JsonObject()
        .put("prediction_id", predictionId)
        .put("shipment_id", id)
        .put("cp", "CP1")
        .put("confidence", 0.5)
        .put("alternatives", new JsonArray())
        .putNull("pincode")
        .putNull("pincode_doubt")
        .putNull("pincode_believed")
        .put("prefix", "560")
        .put("prefix_source", "text")
        .put("model", "560@00000000")
        .put("source", "model")
        .put("of_a_later_version", true);
  }

  private static JsonObject failure(String shipment, int status, String code) {
    return new JsonObject().put("shipment_id", shipment).put("error", problem(status, code));
  }

  private static JsonObject problem(int status, String code) {
    return new JsonObject()
        .put("type", "urn:cp:problem:" + code)
        .put("title", code)
        .put("status", status)
        .put("code", code)
        .put("detail", code);
  }

  private static void json(HttpServerRequest request, JsonObject body) {
    request.response().putHeader("Content-Type", "application/json").end(body.toBuffer());
  }

  @Override
  public void close() throws Exception {
    vertx.close().await(WAIT_SECONDS, TimeUnit.SECONDS);
  }
}
