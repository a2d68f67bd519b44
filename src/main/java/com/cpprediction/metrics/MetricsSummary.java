package com.cpprediction.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.concurrent.TimeUnit;

/** The meters that a person asks for first, as JSON; times in milliseconds. */
public final class MetricsSummary {
  private MetricsSummary() {}

  /** Percentiles are of the last minutes, counts since the start. Reads a file: blocks. */
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
    var rows = new JsonObject();
    for (Counter counter : registry.find("cp.db.rows").counters()) {
      rows.put(counter.getId().getTag("outcome"), (long) counter.count());
    }
    return new JsonObject()
        .put("flush", times(registry.find("cp.db.flush").timer()))
        .put("rows", rows);
  }

  private static JsonObject times(Timer timer) {
    var json = new JsonObject();
    if (timer == null) return json.put("count", 0);
    var snapshot = timer.takeSnapshot();
    json.put("count", snapshot.count());
    if (snapshot.max() == 0) return json; // nothing lately, and no percentile of nothing
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
