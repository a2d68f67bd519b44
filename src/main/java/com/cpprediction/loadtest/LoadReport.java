package com.cpprediction.loadtest;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import org.HdrHistogram.Histogram;

/** Report of a load test, as JSON and as an HTML page. */
public final class LoadReport {
  /** Points of the percentile curve per halving of the distance to 100 %. */
  private static final int TICKS = 5;

  private LoadReport() {}

  /**
   * The report as JSON. Times are in milliseconds; {@code histogram} is HdrHistogram's compressed
   * encoding in Base64, in microseconds.
   *
   * @param about options, date and machine of the run
   */
  public static JsonObject json(JsonObject about, LoadTest.Results results) {
    var steps = new JsonArray();
    results.all().forEach(step -> steps.add(json(step)));
    var json =
        about
            .copy()
            .put("complete", results.complete())
            .put("service", results.service())
            .put("steps", steps);
    var found = results.found();
    if (found != null) json.put("found_rate", found.rate());
    var first = results.first();
    var again = results.again();
    if (first != null && again != null) {
      json.put(
          "cache",
          new JsonObject()
              .put("first_p50", first.millis(50))
              .put("again_p50", again.millis(50))
              .put("again_hit_rate", again.hitRate()));
    }
    return json;
  }

  private static JsonObject json(Step step) {
    var errors = new JsonObject();
    step.errors().forEach(errors::put);
    var json = new JsonObject();
    var meters = step.meters();
    if (meters != null) json.put("service_meters", meters.json(step.path()));
    json.put("name", step.name())
        .put("rate", step.rate())
        .put(
            "kind",
            step.name().equals(LoadTest.FIRST) || step.name().equals(LoadTest.AGAIN)
                ? "cache"
                : "rate")
        .put("shipments_per_request", step.shipments())
        .put("due", step.due())
        .put("sent", step.sent())
        .put("ok", step.ok())
        .put("refused", step.refused())
        .put("ok_in_time", step.inTime())
        .put("cached", step.cached())
        .put("uncertain", step.uncertain())
        .put("open_at_half", step.openAtHalf())
        .put("open_at_end", step.openAtEnd())
        .put("errors", errors)
        .put("seconds", step.seconds())
        .put("total_seconds", step.total())
        .put("achieved", step.achieved())
        .put("held", step.held())
        .put("generator_on_schedule", step.onSchedule())
        .put("verdict", step.verdict())
        .put("latency", times(step.latency()))
        .put("service_time", times(step.service()))
        .put("refusals", times(step.refusals()))
        .put("generator_lag", times(step.lag()))
        .put("series", series(step));
    return json;
  }

  /** Second by second, by due time. */
  private static JsonArray series(Step step) {
    var series = new JsonArray();
    for (var second : step.series().seconds()) {
      series.add(
          new JsonObject()
              .put("due", second.due())
              .put("ok", second.ok())
              .put("failed", second.failed())
              .put("p50", second.millis(50))
              .put("p99", second.millis(99))
              .put("max", second.millis(100)));
    }
    return series;
  }

  private static String csv(LoadTest.Results results) {
    var text = new StringBuilder("step,second,due,ok,failed,p50_ms,p99_ms,max_ms\n");
    for (var step : results.all()) {
      int number = 0;
      for (var second : step.series().seconds()) {
        text.append(
            "%s,%d,%d,%d,%d,%s,%s,%s\n"
                .formatted(
                    step.name(),
                    number++,
                    second.due(),
                    second.ok(),
                    second.failed(),
                    second.millis(50),
                    second.millis(99),
                    second.millis(100)));
      }
    }
    return text.toString();
  }

  private static JsonObject times(Histogram histogram) {
    var json = new JsonObject().put("count", histogram.getTotalCount());
    if (histogram.getTotalCount() == 0) return json;
    for (double percentile : new double[] {50, 90, 95, 99, 99.9}) {
      var name = "p" + (percentile % 1 == 0 ? Long.toString((long) percentile) : "" + percentile);
      json.put(name, histogram.getValueAtPercentile(percentile) / 1e3);
    }
    var curve = new JsonArray();
    for (var at : histogram.percentiles(TICKS)) {
      curve.add(
          new JsonArray()
              .add(at.getPercentileLevelIteratedTo())
              .add(at.getValueIteratedTo() / 1e3));
    }
    return json.put("max", histogram.getMaxValue() / 1e3)
        .put("mean", histogram.getMean() / 1e3)
        .put("percentiles", curve)
        .put("histogram", encoded(histogram));
  }

  private static String encoded(Histogram histogram) {
    var buffer = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
    int length = histogram.encodeIntoCompressedByteBuffer(buffer);
    return Base64.getEncoder().encodeToString(Arrays.copyOf(buffer.array(), length));
  }

  /**
   * Writes {@code report.json}, {@code report.html} and {@code series.csv}.
   *
   * @param directory created where absent
   * @throws LoadTestException when it can't be written
   */
  public static void write(Path directory, JsonObject report, LoadTest.Results results) {
    try {
      Files.createDirectories(directory);
      Files.writeString(directory.resolve("report.json"), report.encodePrettily() + "\n");
      Files.writeString(directory.resolve("series.csv"), csv(results));
      Files.writeString(directory.resolve("report.html"), ReportPage.of("load-test.html", report));
    } catch (IOException | UncheckedIOException e) {
      throw new LoadTestException("Cannot write to %s: %s".formatted(directory, e), e);
    }
  }
}
