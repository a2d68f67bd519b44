package com.cpprediction.history;

import com.cpprediction.metrics.FailureLog.Kind;
import com.cpprediction.metrics.MeterTotals;
import com.cpprediction.metrics.ServiceMetrics;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a minute off the meters.
 *
 * @param at when the meters were read
 * @param nanos the same as {@link System#nanoTime}
 * @param totals since the start of the process
 * @param gauges by column
 */
record Minute(Instant at, long nanos, MeterTotals totals, JsonObject gauges) {
  private static final String[] SQL = {"pool_type", "sql"};

  /** Reads a file: blocks. */
  static Minute read(ServiceMetrics metrics, Instant at, long nanos) {
    var runtime = Runtime.getRuntime();
    var gauges =
        new JsonObject()
            .put("journal_bytes", metrics.gauged("cp.journal"))
            .put("queued_rows", metrics.gauged("cp.db.queue.rows"))
            .put("pool_in_use", metrics.gauged("vertx.pool.in.use", SQL))
            .put("pool_waiting", metrics.gauged("vertx.pool.queue.pending", SQL))
            .put("in_flight", metrics.gauged("cp.inflight"))
            .put("heap_bytes", runtime.totalMemory() - runtime.freeMemory())
            .put("resident_bytes", ServiceMetrics.residentBytes());
    return new Minute(at, nanos, metrics.totals(), gauges);
  }

  /** A row of {@code service_minutes} without its key. */
  JsonObject since(Minute earlier, double seconds) {
    var counts = totals.since(earlier.totals);
    var failures = new JsonObject();
    counts.failures().forEach((failure, count) -> failures.put(failure.slug(), count));
    return gauges
        .copy()
        .put("seconds", seconds)
        .put("from_model", counts.fromModel())
        .put("from_cache", counts.fromCache())
        .put("caller_failures", counts.failures(Kind.CALLER))
        .put("service_failures", counts.failures(Kind.SERVICE))
        .put("failures", failures)
        .put("shed", counts.shed())
        .put("cache_hits", counts.cacheHits())
        .put("cache_misses", counts.cacheMisses())
        .put("corrected", counts.corrected())
        .put("doubts", counts.doubts())
        .put("doubt_sum", counts.doubtSum())
        .put("confidence_sum", counts.confidenceSum())
        .put("confidences", sparse(counts.confidences()))
        .put("model_times", sparse(counts.modelTimes()))
        .put("cache_times", sparse(counts.cacheTimes()))
        .put("loop_times", sparse(counts.loopTimes()));
  }

  private static @Nullable JsonArray sparse(List<Long> counts) {
    return counts.stream().allMatch(count -> count == 0) ? null : new JsonArray(counts);
  }
}
