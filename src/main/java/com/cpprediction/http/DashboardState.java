package com.cpprediction.http;

import com.cpprediction.cache.PredictionCache;
import com.cpprediction.metrics.MetricsSummary;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Bus;
import com.cpprediction.prediction.Owners;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * What the dashboard shows, as JSON; the same numbers as {@code GET /metrics}, and like it free of
 * addresses and secrets.
 */
final class DashboardState {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** Of a model in {@code GET /models/status}, what a table has room for. */
  private static final List<String> OF_A_MODEL =
      List.of(
          "prefix",
          "model",
          "version",
          "engine",
          "cps",
          "training_rows",
          "loaded_at",
          "load_ms",
          "mapped_bytes",
          "requests",
          "last_error");

  private static final List<String> OF_THE_RELEASE =
      List.of("release", "engine", "mapping", "preload", "loaded", "last_reload", "live", "failed");

  private final Vertx vertx;
  private final ServiceMetrics metrics;
  private final PredictionCache cache;
  private final Owners owners;
  private final List<HealthCheck> checks;
  private final BooleanSupplier stopping;
  private final Instant started = Instant.now();

  DashboardState(
      Vertx vertx,
      ServiceMetrics metrics,
      PredictionCache cache,
      Owners owners,
      List<HealthCheck> checks,
      BooleanSupplier stopping) {
    this.vertx = vertx;
    this.metrics = metrics;
    this.cache = cache;
    this.owners = owners;
    this.checks = checks;
    this.stopping = stopping;
  }

  /** All but the models. */
  Future<JsonObject> now() {
    var details = new JsonObject();
    for (var check : checks) details.put(check.name(), check.detail().get().copy());
    var notReady =
        checks.stream()
            .filter(check -> !check.ready().getAsBoolean())
            .map(HealthCheck::name)
            .collect(Collectors.toList());
    if (stopping.getAsBoolean()) notReady.add(0, "stopping");
    var state =
        new JsonObject()
            .put("version", metrics.version())
            .put("started", started.toString())
            .put("node", owners.self() == null ? null : owners.self().id())
            .put("not_ready", new JsonArray(notReady))
            .put("checks", details)
            .put("cache", cache.stats())
            .put("measured", metrics.on());
    return metrics.on() ? measured(state) : Future.succeededFuture(state);
  }

  private Future<JsonObject> measured(JsonObject state) {
    return vertx.executeBlocking( // memory is read from /proc
        () -> {
          var registry = metrics.registry();
          var summary = MetricsSummary.of(metrics);
          for (var key : List.of("predictions", "score", "database", "memory")) {
            state.put(key, summary.getValue(key));
          }
          return state
              .put("outcomes", counts(registry, "cp.predictions", "outcome"))
              .put("shed", counts(registry, "cp.shed", "reason"))
              .put("in_flight", value(registry.find("cp.inflight").gauge()))
              .put("pools", pools(registry));
        },
        false);
  }

  private static JsonObject counts(MeterRegistry registry, String name, String tag) {
    var sums = new TreeMap<String, Long>();
    for (var counter : registry.find(name).counters()) {
      sums.merge(counter.getId().getTag(tag), (long) counter.count(), Long::sum);
    }
    var json = new JsonObject();
    sums.forEach(json::put);
    return json;
  }

  /** Of connections to PostgreSQL. */
  private static JsonArray pools(MeterRegistry registry) {
    var pools = new JsonArray();
    for (var size : registry.find("cp.db.pool.size").gauges()) {
      var pool = size.getId().getTag("pool_name");
      pools.add(
          new JsonObject()
              .put("name", pool)
              .put("size", value(size))
              .put("in_use", sql(registry, "vertx.pool.in.use", pool))
              .put("waiting", sql(registry, "vertx.pool.queue.pending", pool)));
    }
    return pools;
  }

  private static long sql(MeterRegistry registry, String name, String pool) {
    return value(registry.find(name).tag("pool_type", "sql").tag("pool_name", pool).gauge());
  }

  private static long value(Gauge gauge) {
    return gauge == null || Double.isNaN(gauge.value()) ? 0 : (long) gauge.value();
  }

  /** The release and its models. */
  Future<JsonObject> models() {
    var here = new DeliveryOptions().setLocalOnly(true).setSendTimeout(PATIENCE.toMillis());
    return vertx
        .eventBus()
        .<JsonObject>request(Bus.MODELS_STATUS, null, here)
        .map(reply -> models(reply.body()));
  }

  private static JsonObject models(JsonObject status) {
    var models = new JsonArray();
    for (var one : status.getJsonArray("models")) models.add(model((JsonObject) one));
    return pick(status, OF_THE_RELEASE).put("models", models);
  }

  private static JsonObject model(JsonObject status) {
    var full = status.getJsonObject("scores", new JsonObject()).getJsonObject("full");
    return pick(status, OF_A_MODEL)
        .put("accuracy", full == null ? null : full.getValue("accuracy"))
        .put("live", pick(status.getJsonObject("live"), List.of("outcomes", "accuracy")));
  }

  private static JsonObject pick(JsonObject from, List<String> keys) {
    var some = new JsonObject();
    if (from != null) keys.forEach(key -> some.put(key, from.getValue(key)));
    return some;
  }
}
