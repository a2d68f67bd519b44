package com.cpprediction.history;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.bus.Bus;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.history.HistoryTable.Query;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.postgres.Database;
import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.testing.Await;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The history in a real PostgreSQL, by a clock that the test advances. */
@ExtendWith(VertxExtension.class)
class HistoryIT {
  private static final Instant BEGIN = Instant.parse("2026-11-29T03:00:00Z");
  private static final long MILLI = 1_000_000;

  private final TestClock clock = new TestClock();
  private Vertx vertx;
  private Context loop;
  private String uri;
  private HistoryTable table;
  private volatile boolean up = true;

  /** A node with meters of its own. */
  private record Node(ServiceMetrics metrics, HistoryRecorder recorder) {}

  private static final class TestClock extends Clock {
    private volatile Instant now = BEGIN;
    private volatile long nanos;

    void advance(Duration by) {
      now = now.plus(by);
      nanos += by.toNanos();
    }

    void setBack(Duration by) {
      now = now.minus(by);
    }

    long nanoTime() {
      return nanos;
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      throw new UnsupportedOperationException();
    }
  }

  @BeforeEach
  void prepare(Vertx vertx) throws Exception {
    this.vertx = vertx;
    loop = vertx.getOrCreateContext();
    uri = TestDatabase.migrated();
    table = onLoop(() -> new HistoryTable(vertx, database()));
  }

  @Test
  void storesARowAMinuteOfWhatTheMetersCounted() throws Exception {
    var node = start("a:1");
    predict(node, Source.MODEL, 120, 4 * MILLI, 0.75);
    predict(node, Source.CACHE, 100, MILLI / 20, 0.95);
    for (int i = 0; i < 3; i++) fail(node, Failure.MALFORMED_REQUEST);
    fail(node, Failure.OVERLOADED);
    minute(node);
    minute(node);

    var rows =
        TestDatabase.query(
            uri,
            """
            SELECT concat_ws(' ', to_char(minute AT TIME ZONE 'UTC', 'HH24:MI'), node, seconds, from_model,
                             from_cache, caller_failures, service_failures, failures)
            FROM service_minutes ORDER BY minute
            """);
    assertThat(rows)
        .containsExactly(
            "03:00 a:1 60 120 100 3 1 {\"overloaded\": 1, \"malformed-request\": 3}",
            "03:01 a:1 60 0 0 0 0 {}");
    var read = read("");
    assertThat(read.getJsonArray("at"))
        .containsExactly((int) BEGIN.getEpochSecond(), (int) BEGIN.getEpochSecond() + 60);
    assertThat(series(read, "from_model")).containsExactly(120, 0);
    assertThat((Double) series(read, "model_p50_ms").get(0)).isBetween(3.0, 5.0);
    assertThat((Double) series(read, "cache_p99_ms").get(0)).isBetween(0.03, 0.05);
    assertThat(series(read, "model_p50_ms").get(1)).isNull();
    assertThat((Double) series(read, "confidence").get(0)).isCloseTo(0.8409, within(1e-3));
    assertThat(read.getJsonObject("failures").getMap())
        .isEqualTo(new JsonObject("{\"malformed-request\":3,\"overloaded\":1}").getMap());
    assertThat(read.getJsonArray("confidences").getJsonObject(7).getLong("count")).isEqualTo(120);
    assertThat(read.getJsonArray("confidences").getJsonObject(9).getLong("count")).isEqualTo(100);
    assertThat(read.getJsonArray("marks").getJsonObject(0).getString("kind")).isEqualTo("start");
  }

  @Test
  void keepsMinutesAndMarksWhileTheDatabaseIsAwayAndStoresThemOnce() throws Exception {
    up = false;
    var node = start("a:1");
    for (int i = 0; i < 100; i++) {
      predict(node, Source.MODEL, i, MILLI, 0.5);
      minute(node);
    }
    onLoop(() -> vertx.eventBus().publish(Bus.MARK, Bus.mark("reload", "release 3f9a1c2e")));
    assertThat(TestDatabase.query(uri, "SELECT 1 FROM service_minutes")).isEmpty();

    up = true;
    minute(node);
    Await.until(
        () ->
            TestDatabase.query(uri, "SELECT kind FROM service_marks ORDER BY kind")
                .equals(List.of("reload", "start")));
    var again =
        TestDatabase.query(uri, "SELECT to_jsonb(service_minutes)::text FROM service_minutes")
            .stream()
            .map(JsonObject::new)
            .toList();
    onLoop(() -> table.storeMinutes(again)).await(60, SECONDS);

    assertThat(
            TestDatabase.query(
                uri, "SELECT count(*) || ' ' || sum(from_model) FROM service_minutes"))
        .containsExactly("101 4950");
  }

  @Test
  void keepsOnlySoManyMinutesInMemory() throws Exception {
    up = false;
    var node = start("a:1");
    for (int i = 0; i < HistoryRecorder.MAX_MINUTES + 2; i++) minute(node);
    up = true;
    minute(node);

    assertThat(
            TestDatabase.query(
                uri,
                "SELECT count(*) || ' ' || to_char(min(minute) AT TIME ZONE 'UTC', 'HH24:MI') FROM service_minutes"))
        .containsExactly(HistoryRecorder.MAX_MINUTES + " 03:03");
  }

  @Test
  void keepsWhatIsCountedWhileTheClockIsSetBack() throws Exception {
    var node = start("a:1");
    for (int count : List.of(1, 2, 4, 8, 16, 32)) {
      if (count == 4) clock.setBack(Duration.ofMinutes(3));
      if (count == 16) clock.setBack(Duration.ofSeconds(30));
      predict(node, Source.MODEL, count, MILLI, 0.5);
      minute(node);
    }

    assertThat(
            TestDatabase.query(
                uri,
                """
                SELECT to_char(minute AT TIME ZONE 'UTC', 'HH24:MI') || ' ' || seconds || ' ' || from_model
                FROM service_minutes ORDER BY from_model
                """))
        .containsExactly(
            "03:00 60 1", "03:01 60 2", "03:02 60 4", "03:00 60 8", "03:01 60 16", "03:01 60 32");
  }

  @Test
  void storesAllRowsButTheRefusedOnesWhateverColumnsThereAre() throws Exception {
    TestDatabase.execute(
        uri,
        """
        ALTER TABLE service_minutes ADD COLUMN later bigint NOT NULL DEFAULT 0;
        ALTER TABLE service_minutes ADD CHECK (from_model <> 7)
        """);
    up = false;
    var node = start("a:1");
    for (int i = 1; i <= 10; i++) {
      predict(node, Source.MODEL, i, MILLI, 0.5);
      minute(node);
    }
    onLoop(() -> vertx.eventBus().publish(Bus.MARK, Bus.mark("reload", "no\u0000text")));
    onLoop(() -> vertx.eventBus().publish(Bus.MARK, Bus.mark("edit", "cache.max_size")));
    up = true;
    minute(node);

    Await.until(
        () ->
            TestDatabase.query(uri, "SELECT kind FROM service_marks ORDER BY kind")
                .equals(List.of("edit", "start")));
    assertThat(
            TestDatabase.query(
                uri, "SELECT count(*) || ' ' || sum(from_model) FROM service_minutes"))
        .containsExactly("10 48");
  }

  @Test
  void mergesNodesAndProcessesAndLeavesGaps() throws Exception {
    var a = start("a:1");
    var b = start("b:1");
    predict(a, Source.MODEL, 90, 2 * MILLI, 0.9);
    predict(b, Source.MODEL, 10, 900 * MILLI, 0.4);
    clock.advance(Duration.ofSeconds(30));
    onLoop(a.recorder::stop).await(60, SECONDS);
    var restarted = start("a:1");
    predict(restarted, Source.MODEL, 20, 2 * MILLI, 0.9);
    clock.advance(Duration.ofSeconds(30));
    for (var node : List.of(b, restarted)) onLoop(node.recorder::stop).await(60, SECONDS);
    clock.advance(Duration.ofMinutes(10));
    minute(start("b:1"));

    var all = read("");

    assertThat(series(all, "from_model")).containsExactly(120, 0);
    assertThat(all.getJsonArray("at").getLong(1) - all.getJsonArray("at").getLong(0))
        .isEqualTo(660);
    assertThat((Double) series(all, "model_p50_ms").get(0)).isBetween(1.0, 2.0);
    assertThat((Double) series(all, "model_p95_ms").get(0)).isBetween(750.0, 1_000.0);
    assertThat(series(all, "seconds")).containsExactly(60.0, 60.0);
    assertThat(all.getJsonArray("nodes")).containsExactly("a:1", "b:1");
    assertThat(all.getJsonArray("marks").stream().map(m -> ((JsonObject) m).getString("kind")))
        .containsExactly("start", "stop", "stop", "start", "stop", "start", "start");
    assertThat(series(read("a:1"), "from_model")).containsExactly(110);
  }

  private Node start(String name) throws Exception {
    var metrics = new ServiceMetrics(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT), "test");
    var recorder =
        onLoop(
            () ->
                new HistoryRecorder(vertx, table, metrics, name, () -> up, clock, clock::nanoTime));
    onLoop(recorder::start).await(60, SECONDS);
    return new Node(metrics, recorder);
  }

  private void minute(Node node) throws Exception {
    clock.advance(Duration.ofMinutes(1));
    onLoop(node.recorder::sample).await(60, SECONDS);
  }

  private static void predict(Node node, Source source, int count, long nanos, double confidence) {
    for (int i = 0; i < count; i++) {
      node.metrics.answered(source, nanos);
      node.metrics.confident(confidence);
    }
  }

  private static void fail(Node node, Failure failure) {
    node.metrics.failures().add(failure, failure.status(), "r1", "/predict", "", null);
  }

  private JsonObject read(String node) throws Exception {
    var query = new Query(BEGIN, BEGIN.plus(Duration.ofDays(1)), 60, node);
    return onLoop(() -> table.read(query)).await(60, SECONDS).toBuffer().toJsonObject();
  }

  private static List<Object> series(JsonObject read, String name) {
    return read.getJsonObject("series").getJsonArray(name).stream().toList();
  }

  private <T> T onLoop(Supplier<T> action) throws Exception {
    var promise = Promise.<T>promise();
    loop.runOnContext(
        run -> {
          try {
            promise.complete(action.get());
          } catch (RuntimeException e) {
            promise.fail(e);
          }
        });
    return promise.future().await(60, SECONDS);
  }

  private Database database() {
    var config = ServiceConfig.defaults().database().pool();
    return new Database(
        vertx, DatabaseUri.parse(uri).options(), config, () -> Duration.ofSeconds(10));
  }
}
