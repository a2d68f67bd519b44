package com.cpprediction.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.history.HistoryTable.Query;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.postgres.Bulkhead;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(VertxExtension.class)
class PrometheusHistoryTest {
  private static final long BEGIN = Instant.parse("2026-11-29T03:00:00Z").getEpochSecond();
  private static final Query QUERY =
      new Query(Instant.ofEpochSecond(BEGIN), Instant.ofEpochSecond(BEGIN + 240), 60, "");
  private static final JsonObject MARKS =
      new JsonObject().put("marks", JsonArray.of(new JsonObject().put("kind", "start")));
  private static final JsonObject STORED = MARKS.copy().put("at", JsonArray.of(7));

  private final Map<String, String> asked = new ConcurrentHashMap<>();
  private volatile Consumer<HttpServerRequest> answer = request -> {};
  private volatile boolean up = true;
  private volatile Duration timeout = Duration.ofSeconds(20);
  private Vertx vertx;
  private HistoryReader reader;

  @BeforeEach
  void prepare(Vertx vertx) throws Exception {
    this.vertx = vertx;
    var server =
        vertx
            .createHttpServer()
            .requestHandler(
                request ->
                    request
                        .body()
                        .onSuccess(
                            form -> {
                              asked.put(request.path(), form.toString());
                              answer.accept(request);
                            }))
            .listen(0, "127.0.0.1")
            .await(10, TimeUnit.SECONDS);
    var url = "http://127.0.0.1:" + server.actualPort() + "/base/";
    reader =
        new HistoryReader(
            vertx,
            () -> new PrometheusSource(url, "cp", timeout),
            query -> postgresql(STORED.copy().put("node", query.node())),
            query -> postgresql(MARKS),
            new Bulkhead(vertx, "Prometheus", 2, 16, Duration.ofSeconds(1)));
  }

  private Future<JsonObject> postgresql(JsonObject rows) {
    return up
        ? Future.succeededFuture(rows.copy())
        : Future.failedFuture(Failure.NOT_READY.because("The database is not available"));
  }

  private JsonObject read() throws Exception {
    return read("");
  }

  private JsonObject read(String node) throws Exception {
    var query = new Query(QUERY.from(), QUERY.to(), QUERY.stepSeconds(), node);
    var read = Promise.<Buffer>promise();
    vertx.runOnContext(run -> reader.read(query).onComplete(read));
    return read.future().await(60, TimeUnit.SECONDS).toJsonObject();
  }

  private static JsonObject labels(String series, String... others) {
    var labels = new JsonObject().put("series", series);
    for (int i = 0; i < others.length; i += 2) labels.put(others[i], others[i + 1]);
    return labels;
  }

  /** A value at the end of each minute from the first on; null for none. */
  private static JsonObject range(String series, String... values) {
    var points = new JsonArray();
    for (int i = 0; i < values.length; i++) {
      if (values[i] != null) points.add(JsonArray.of(BEGIN + 60 * (i + 1), values[i]));
    }
    return new JsonObject().put("metric", labels(series)).put("values", points);
  }

  private static JsonObject total(JsonObject labels, String value) {
    return new JsonObject()
        .put("metric", labels)
        .put("value", JsonArray.of(BEGIN + 240.781, value));
  }

  private static Buffer success(String type, JsonObject... results) {
    var data =
        new JsonObject().put("resultType", type).put("result", new JsonArray(List.of(results)));
    return new JsonObject().put("status", "success").put("data", data).toBuffer();
  }

  private void answer(Buffer points, Buffer totals) {
    answer =
        request -> request.response().end(request.path().endsWith("query_range") ? points : totals);
  }

  @Test
  void readsOddValues() throws Exception {
    answer(
        success(
            "matrix",
            range("nodes", "2", "1", null, "2"),
            range("from_model", "119.7", "0", "5", "-3"), // a reset may leave less than nothing
            range("from_cache", "1.0e+02", null, "5", "99.6"),
            range("hit_rate", "0.25", "NaN", "1", "+Inf"),
            range("model_p50_ms", "4.2", "4.2", "1", "NaN"),
            range("model_p99_ms", "9.5", "9.5", "1", "1"),
            range("cache_p99_ms", "0.5", "0.5", "1", "0.75"),
            range("resident_bytes", "1.5e+08", "150000001", null, "2")),
        success(
            "vector",
            total(labels("confidences", "le", "0.5"), "10.2"),
            total(labels("confidences", "le", "1.0"), "15"),
            total(labels("confidences", "le", "0.6"), "10.1"),
            total(labels("confidences", "le", "+Inf"), "15"),
            total(labels("failures", "code", "overloaded"), "0.2"),
            total(labels("failures", "code", "conflict"), "2.6"),
            total(labels("failures", "code", "internal"), "NaN"),
            total(labels("nodes", "instance", "b:1"), "9"),
            total(labels("nodes", "instance", "a:1"), "9")));

    var history = read();

    assertThat(history.getString("source")).isEqualTo("prometheus");
    assertThat(history.getJsonObject("problems")).isEmpty();
    assertThat(history.getJsonArray("marks")).isEqualTo(MARKS.getJsonArray("marks"));
    assertThat(history.getJsonArray("at"))
        .as("a step without a node is a gap")
        .isEqualTo(new JsonArray("[%d,%d,%d]".formatted(BEGIN, BEGIN + 60, BEGIN + 180)));
    var series = history.getJsonObject("series");
    assertThat(series.fieldNames()).containsExactlyElementsOf(HistoryTable.SERIES);
    assertThat(series.getJsonArray("from_model")).containsExactly(120, 0, 0);
    assertThat(series.getJsonArray("from_cache")).containsExactly(100, 0, 100);
    assertThat(series.getJsonArray("hit_rate")).containsExactly(0.25, null, null);
    assertThat(series.getJsonArray("model_p50_ms")).containsExactly(4.2, null, null);
    assertThat(series.getJsonArray("model_p99_ms"))
        .as("none of fewer than 100")
        .containsExactly(9.5, null, null);
    assertThat(series.getJsonArray("cache_p99_ms")).containsExactly(0.5, null, 0.75);
    assertThat(series.getJsonArray("resident_bytes")).containsExactly(150_000_000, 150_000_001, 2);
    assertThat(series.getJsonArray("doubt")).containsExactly(null, null, null);
    assertThat(series.getJsonArray("seconds")).containsExactly(60.0, 60.0, 60.0);
    assertThat(history.getJsonObject("failures").getMap()).isEqualTo(Map.of("conflict", 3));
    assertThat(history.getJsonArray("nodes")).containsExactly("a:1", "b:1");
    assertThat(
            history.getJsonArray("confidences").stream()
                .map(one -> ((JsonObject) one).getInteger("count")))
        .containsExactlyElementsOf(
            ServiceMetrics.CONFIDENCES.stream()
                .map(to -> to == 0.5 ? 10 : to == 1 ? 5 : 0)
                .toList());
    assertThat(asked).containsOnlyKeys("/base/api/v1/query_range", "/base/api/v1/query");
    assertThat(asked.get("/base/api/v1/query_range"))
        .contains("&start=%d&end=%d&step=60".formatted(BEGIN + 60, BEGIN + 240));
  }

  @Test
  void showsTheCurveWhilePostgresIsAway() throws Exception {
    up = false;
    answer(success("matrix", range("nodes", "1")), success("vector"));

    var history = read();

    assertThat(history.getJsonArray("at")).containsExactly((int) BEGIN);
    assertThat(history.getJsonArray("marks")).isEmpty();
    assertThat(history.getJsonObject("problems").getString("postgresql"))
        .isEqualTo("The database is not available");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "<html></html>",
        "[]",
        "{}",
        "{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"query timed out\"}",
        "{\"status\":\"success\"}",
        "{\"status\":\"success\",\"data\":{\"result\":[{}]}}",
        "{\"status\":\"success\",\"data\":{\"result\":[7]}}",
        "{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":{},\"values\":[[1]]}]}}",
        "{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":{},\"values\":[[1,\"x\"]]}]}}",
        "{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":{},\"values\":[[\"1\",\"1\"]]}]}}"
      })
  void readsPostgresWhereTheAnswerIsWrong(String wrong) throws Exception {
    answer(Buffer.buffer(wrong), success("vector"));
    assertStored("answer");
  }

  @Test
  void readsPostgresWherePrometheusFails() throws Exception {
    answer = request -> request.response().setStatusCode(503).end("too busy");
    assertStored("503");
    answer = request -> request.connection().close();
    assertStored("reached");
    answer =
        request -> {
          var response = request.response().setChunked(true);
          var part = Buffer.buffer(new byte[1 << 20]);
          IntStream.range(0, 9).forEach(i -> response.write(part));
        };
    assertStored("too long");
    answer = request -> request.response().setStatusCode(302).putHeader("Location", "/").end();
    assertStored("302");
    answer = request -> {};
    timeout = Duration.ofMillis(100);
    assertStored("in time");
  }

  private void assertStored(String reason) throws Exception {
    var history = read();
    assertThat(history.getString("source")).isEqualTo("postgresql");
    assertThat(history.getJsonArray("at")).containsExactly(7);
    assertThat(history.getJsonObject("problems").getString("prometheus"))
        .contains(reason)
        .doesNotContain("127.0.0.1");
  }

  @Test
  void readsAllNodesOfPostgresInsteadOfOneOfPrometheus() throws Exception {
    answer = request -> request.response().setStatusCode(503).end();

    var history = read("a:1");

    assertThat(history.getString("node")).isEmpty();
    assertThat(history.getJsonObject("problems").getString("prometheus"))
        .isEqualTo("its answer has the status 503; this is of all nodes");
  }

  @Test
  void failsOnceBothQueriesHaveEnded() throws Exception {
    timeout = Duration.ofSeconds(1);
    answer =
        request -> {
          if (request.path().endsWith("query")) request.response().setStatusCode(503).end();
        };

    assertStored("in time"); // the failure of the query that ends last
  }

  @Test
  void namesBothWhereBothFail() {
    up = false;
    answer = request -> request.response().setStatusCode(500).end();

    assertThatThrownBy(this::read)
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY))
        .hasMessageContaining("Prometheus: its answer has the status 500")
        .hasMessageContaining("PostgreSQL: The database is not available");
  }

  @Test
  void asksForWholeStepsOfOneNode() {
    var from = Instant.ofEpochSecond(BEGIN + 1);
    var node = "a\\\"} or vector(1)\n";
    var expressions =
        new PrometheusExpressions("cp", new Query(from, from.plusSeconds(3_600), 300, node));

    assertThat(expressions.start()).isEqualTo(BEGIN + 600);
    assertThat(expressions.end()).isEqualTo(BEGIN + 3_600);
    assertThat(expressions.points())
        .contains("cp_shed_total{job=\"cp\",instance=\"a\\\\\\\"} or vector(1)\\n\"}[300s]");
  }
}
