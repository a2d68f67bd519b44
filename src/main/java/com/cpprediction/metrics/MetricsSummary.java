package com.cpprediction.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The meters that a person asks for first, as JSON; times in milliseconds. */
public final class MetricsSummary {
  private static final Path PROCESS_STATUS = Path.of("/proc/self/status");
  private static final String RESIDENT = "VmRSS:";
  private static final long BYTES_PER_KB = 1_024;

  private MetricsSummary() {}

  /** Percentiles are of the last minutes, counts since the start. Reads a file: blocks. */
  public static JsonObject of(MeterRegistry registry) {
    return new JsonObject()
        .put("predictions", byTag(registry, "cp.prediction", "source"))
        .put("http", http(registry))
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

  private static JsonArray http(MeterRegistry registry) {
    var json = new JsonArray();
    for (var timer : registry.find("cp.http.requests").timers()) {
      var id = timer.getId();
      json.add(
          times(timer)
              .put("route", id.getTag("route"))
              .put("method", id.getTag("method"))
              .put("status", Integer.valueOf(id.getTag("status"))));
    }
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
            .put("heap_max_bytes", runtime.maxMemory());
    try (var lines = Files.lines(PROCESS_STATUS)) {
      lines
          .filter(line -> line.startsWith(RESIDENT))
          .findFirst()
          .ifPresent(line -> json.put("rss_bytes", kilobytes(line) * BYTES_PER_KB));
    } catch (IOException e) {
      return json; // not on Linux
    }
    return json;
  }

  private static long kilobytes(String line) {
    return Long.parseLong(line.replaceAll("\\D", ""));
  }
}
