package com.cpprediction.ablation;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Recordings with made-up figures. */
final class Recordings {
  /** Factor by which each round is slower than the previous one, for all variants alike. */
  private static final double DRIFT = 1.5;

  private Recordings() {}

  static final Design ABLATION = Design.ablation(List.of());

  static Plan plan(Design design) {
    return new Plan(
        design,
        3,
        Duration.ofSeconds(5),
        Duration.ofMillis(2_500),
        Duration.ofSeconds(8),
        1_000,
        Duration.ofSeconds(10),
        8,
        0,
        500,
        0.8,
        1,
        "512m");
  }

  /**
   * An ablation in which caching doubles the throughput and halves the latency in every round, the
   * effect of monitoring differs between rounds, and the others have none.
   */
  static Recording recording() {
    var runs = new ArrayList<Run>();
    for (int round = 1; round <= 3; round++) {
      for (var state : State.every()) runs.add(run(state, round));
    }
    return recording(runs);
  }

  static Recording recording(List<Run> runs) {
    return new Recording(environment(), ABLATION, plan(ABLATION).toJson(), 60, runs);
  }

  private static JsonObject environment() {
    return new JsonObject()
        .put("date", "2026-11-25T06:00:00Z")
        .put("machine", "A <fast> processor")
        .put("cores", 2)
        .put("memory_mib", 4096)
        .put("system", "Linux 6.1, amd64")
        .put("jdk", "OpenJDK 17")
        .put("service", "1.0.0")
        .put("command", "ablation --report docs");
  }

  static Run run(State state, int round) {
    boolean cached = state.on().contains(Optimisation.CACHING);
    double slower = Math.pow(DRIFT, round);
    double noise =
        state.on().contains(Optimisation.MONITORING) ? new double[] {0.9, 1.05, 1.1}[round - 1] : 1;
    var figures = new EnumMap<Metric, Double>(Metric.class);
    figures.put(Metric.THROUGHPUT, (cached ? 2000 : 1000) / slower * noise);
    figures.put(Metric.P50, (cached ? 0.5 : 1) * slower);
    figures.put(Metric.P95, (cached ? 2 : 4) * slower);
    figures.put(Metric.P99, (cached ? 4 : 8) * slower);
    figures.put(Metric.CPU, 1.25);
    figures.put(Metric.DISK_READ, 0.0);
    figures.put(Metric.HITS, cached ? 80.0 : 0.0);
    return new Run(
        state.variant(),
        round,
        figures,
        Map.of("warm-up", 1_000L),
        100,
        0,
        100,
        0,
        0,
        "",
        Map.of(),
        "");
  }
}
