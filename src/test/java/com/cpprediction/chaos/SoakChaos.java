package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.PackagedService.Launch;
import com.cpprediction.testing.Ports;
import com.cpprediction.testing.PostgresProcess;
import com.cpprediction.testing.Processes;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
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
  private static final double WARM = 0.5;

  private static final String HEAP = "144m";

  private static final String MODEL_MAPPINGS = "mappings of models";
  private static final String RESIDENT = "resident set without compiled code and classes, MB";

  /** What may not rise. Compiled code does for hours, up to its bound, and takes mappings. */
  private static final List<String> FLAT =
      List.of(MODEL_MAPPINGS, RESIDENT, "threads", "descriptors", "connections");

  /** A category of a summary of the JVM's native memory, and its KB committed. */
  private static final Pattern NATIVE =
      Pattern.compile("-\\s+([\\w ]+) \\(reserved=\\d+KB, committed=(\\d+)KB\\)");

  @RegisterExtension private static final PostgresProcess postgres = new PostgresProcess();

  @TempDir private Path directory;
  private final Map<String, Trend> trends = new LinkedHashMap<>();
  private Path[] releases;
  private Path live;

  @Test
  void nothingGrows() throws Exception {
    releases =
        new Path[] {
          SmallRelease.directory(), SmallRelease.copyAnotherTo(directory.resolve("another"))
        };
    live = SmallRelease.copyTo(directory.resolve("live"));
    var config =
        new JsonObject()
            .put("models", new JsonObject().put("dir", live.toString()).put("poll_ms", 0));
    try (var trial = FaultTrial.begin(postgres, config, launch())) {
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
      for (var what : FLAT) assertThat(trends.get(what).slope().rises()).as(what).isFalse();
    }
  }

  /**
   * With the bounds of {@code bin/cp-prediction-service}, and all of the heap resident from the
   * beginning: a heap that is not yet used up grows and is no leak.
   */
  private static Launch launch() {
    var options =
        "-Xms%s -XX:+UseSerialGC -XX:+AlwaysPreTouch -XX:NativeMemoryTracking=summary"
            .formatted(HEAP);
    return new Launch(
        List.of("env", "MALLOC_ARENA_MAX=2", "JAVA_TOOL_OPTIONS=" + options),
        HEAP,
        "127.0.0.1",
        Ports.free(),
        List.of());
  }

  /** What the JVM itself holds beside the heap, in MB; empty where it doesn't tell. */
  private static Map<String, Double> nativeMemory(long pid) {
    var report = Processes.output("jcmd", Long.toString(pid), "VM.native_memory", "summary");
    var held = new LinkedHashMap<String, Double>();
    NATIVE
        .matcher(report)
        .results()
        .forEach(one -> held.put(one.group(1), Long.parseLong(one.group(2)) / 1024.0));
    return held;
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
    long files = 0;
    long mappings = 0;
    for (var mapping : Files.readAllLines(process.resolve("maps"))) {
      mappings++;
      if (mapping.contains(live.toString())) files++;
    }
    add("mappings", hours, mappings);
    add(MODEL_MAPPINGS, hours, files);
    var held = nativeMemory(trial.service().pid());
    held.forEach((what, megabytes) -> add("JVM: " + what + ", MB", hours, megabytes));
    double resident = status(process, "VmRSS") / 1024.0;
    double compiled = held.getOrDefault("Code", 0.0) + held.getOrDefault("Metaspace", 0.0);
    add("resident set, MB", hours, resident);
    add(RESIDENT, hours, resident - compiled);
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
