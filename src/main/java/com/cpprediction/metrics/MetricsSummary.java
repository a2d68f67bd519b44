package com.cpprediction.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Summary of the most important meters as JSON; times in milliseconds. */
public final class MetricsSummary {
  private static final String POOL = "pool_name";

  private MetricsSummary() {}

  /** Percentiles cover the last minutes, counts the time since start. Reads a file: blocks. */
  public static JsonObject of(ServiceMetrics metrics) {
    var registry = metrics.registry();
    return new JsonObject()
        .put("predictions", byTag(registry, "cp.prediction", "source"))
        .put("http", http(metrics))
        .put("score", times(registry.find("cp.score").timer()))
        .put("model_load", times(registry.find("cp.model.load").timer()))
        .put("database", database(registry))
        .put("memory", memory());
  }

  /**
   * As {@link #of}, with counters and without HTTP operations; memory only while metrics are off.
   * Reads a file: blocks.
   */
  public static JsonObject brief(ServiceMetrics metrics) {
    var registry = metrics.registry();
    var json = new JsonObject().put("on", metrics.on()).put("memory", memory());
    if (!metrics.on()) return json;
    return json.put("predictions", byTag(registry, "cp.prediction", "source"))
        .put("outcomes", counts(registry, "cp.predictions", "outcome"))
        .put("shed", counts(registry, "cp.shed", "reason"))
        .put("corrected", (long) registry.get("cp.predictions.corrected").counter().count())
        .put("pincode_doubt", metrics.pincodeDoubt())
        .put("confidence", metrics.confidences().toJson())
        .put("failures", metrics.failures().toJson())
        .put("score", times(registry.find("cp.score").timer()))
        .put("event_loop_delay", times(registry.find("cp.event.loop.delay").timer()))
        .put("database", database(registry))
        .put("pools", pools(registry));
  }

  private static JsonObject counts(MeterRegistry registry, String name, String tag) {
    var json = new JsonObject();
    for (var counter : registry.find(name).counters()) {
      var value = counter.getId().getTag(tag);
      json.put(value, json.getLong(value, 0L) + (long) counter.count());
    }
    return json;
  }

  /** PostgreSQL connection pools: size, connections in use, waiting requests. */
  private static JsonArray pools(MeterRegistry registry) {
    var json = new JsonArray();
    for (var size : registry.find("cp.db.pool.size").gauges()) {
      var name = Objects.requireNonNull(size.getId().getTag(POOL));
      json.add(
          new JsonObject()
              .put("name", name)
              .put("size", (long) size.value())
              .put("in_use", gauge(registry, "vertx.pool.in.use", name))
              .put("waiting", gauge(registry, "vertx.pool.queue.pending", name)));
    }
    return json;
  }

  private static @Nullable Long gauge(MeterRegistry registry, String name, String pool) {
    var gauge = registry.find(name).tag("pool_type", "sql").tag(POOL, pool).gauge();
    return gauge == null ? null : (long) gauge.value();
  }

  private static JsonObject byTag(MeterRegistry registry, String name, String tag) {
    var json = new JsonObject();
    for (var timer : registry.find(name).timers()) {
      json.put(timer.getId().getTag(tag), times(timer));
    }
    return json;
  }

  private static JsonArray http(ServiceMetrics metrics) {
    var json = new JsonArray();
    metrics
        .operations()
        .forEach(
            (operation, timer) ->
                json.add(
                    times(timer)
                        .put("route", operation.route())
                        .put("method", operation.method())));
    return json;
  }

  private static JsonObject database(MeterRegistry registry) {
    return new JsonObject()
        .put("flush", times(registry.find("cp.db.flush").timer()))
        .put("rows", counts(registry, "cp.db.rows", "outcome"));
  }

  private static JsonObject times(@Nullable Timer timer) {
    var json = new JsonObject();
    if (timer == null) return json.put("count", 0);
    var snapshot = timer.takeSnapshot();
    json.put("count", snapshot.count());
    if (snapshot.max() == 0) return json; // percentiles need recent samples
    for (var percentile : snapshot.percentileValues()) {
      json.put(
          "p" + Math.round(percentile.percentile() * 100), percentile.value(TimeUnit.MILLISECONDS));
    }
    return json;
  }

  private static JsonObject memory() {
    var runtime = Runtime.getRuntime();
    var json =
        new JsonObject()
            .put("heap_used_bytes", runtime.totalMemory() - runtime.freeMemory())
            .put("heap_max_bytes", runtime.maxMemory())
            .put("limit_bytes", ProcessMemory.limit());
    ProcessMemory.resident().ifPresent(bytes -> json.put("rss_bytes", bytes));
    return json;
  }
}
