package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.PostgresProcess;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Load for {@code -Dsoak.minutes=60} while models are replaced, the configuration is edited and
 * PostgreSQL restarts: nothing that the process holds may grow.
 */
@Tag("chaos")
class SoakChaos {
  private static final int MINUTES = Integer.getInteger("soak.minutes", 60);
  private static final int STEPS = 4; // of a minute, each with a change and a sample
  private static final Duration STEP = Duration.ofSeconds(60 / STEPS);

  /** Part of the time before the first sample: a JVM compiles, pools and caches fill. */
  private static final double WARM = 0.25;

  @RegisterExtension private static final PostgresProcess postgres = new PostgresProcess();

  @TempDir private Path directory;
  private final Map<String, Trend> trends = new LinkedHashMap<>();
  private Path[] releases;
  private Path live;

  @Test
  void nothingGrows() throws Exception {
    releases =
        new Path[] {
          SmallRelease.directory(), SmallRelease.trainAnother(directory.resolve("another"))
        };
    live = SmallRelease.copyTo(directory.resolve("live"));
    var config =
        new JsonObject()
            .put("models", new JsonObject().put("dir", live.toString()).put("poll_ms", 0));
    try (var trial = FaultTrial.begin(postgres, config)) {
      trial.calm();
      trial.faultBegins();
      int steps = MINUTES * STEPS;
      for (int step = 0; step < steps; step++) {
        Await.elapse(STEP);
        change(trial, step);
        if (step >= WARM * steps) sample(trial, step);
      }

      trial.recover("soak of %d min with swaps, edits and restarts".formatted(MINUTES));
      print();
      trends.forEach((what, trend) -> assertThat(trend.slope().rises()).as(what).isFalse());
    }
  }

  private void change(FaultTrial trial, int step) throws Exception {
    switch (step % STEPS) {
      case 0 -> {
        SmallRelease.replace(live, releases[(step / STEPS + 1) % releases.length]);
        var reloaded = trial.service().post("/models/reload", new JsonObject());
        assertThat(reloaded.statusCode()).as(reloaded.body()).isEqualTo(200);
      }
      case 1 -> {
        int seconds = step % (2 * STEPS) == 1 ? 1_800 : 3_600;
        trial.service().configure(cache("ttl_seconds", seconds));
      }
      case 2 -> {
        postgres.stopFast();
        postgres.start();
      }
      default -> {} // a quarter of a minute without a change
    }
  }

  private static JsonObject cache(String key, int value) {
    return new JsonObject().put("cache", new JsonObject().put(key, value));
  }

  private void sample(FaultTrial trial, int step) throws IOException {
    double hours = step / (60.0 * STEPS);
    var process = Path.of("/proc", Long.toString(trial.service().pid()));
    try (var maps = Files.lines(process.resolve("maps"))) {
      add("mappings", hours, maps.count());
    }
    add("resident set, MB", hours, status(process, "VmRSS") / 1024.0);
    add("threads", hours, status(process, "Threads"));
    long sockets = 0;
    long descriptors = 0;
    try (var open = Files.newDirectoryStream(process.resolve("fd"))) {
      for (var descriptor : open) {
        descriptors++;
        if (target(descriptor).startsWith("socket:")) sockets++;
      }
    }
    add("descriptors", hours, descriptors);
    add("connections", hours, sockets);
  }

  /** Target of a descriptor; empty where it was closed meanwhile. */
  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return "";
    }
  }

  private static long status(Path process, String field) throws IOException {
    try (var lines = Files.lines(process.resolve("status"))) {
      var line = lines.filter(one -> one.startsWith(field + ":")).findFirst().orElseThrow();
      return Long.parseLong(line.replaceAll("[^0-9]", ""));
    }
  }

  private void add(String what, double hours, double value) {
    trends.computeIfAbsent(what, first -> new Trend()).add(hours, value);
  }

  private void print() {
    System.out.println(
        "| held by the process | at the end | slope per hour, 95 % |\n|---|---|---|");
    trends.forEach(
        (what, trend) ->
            System.out.printf("| %s | %.0f | %s |%n", what, trend.last(), trend.slope()));
  }
}
