package com.cpprediction.ablation;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Metrics of a run. */
enum Metric {
  START("start", "ms", "from starting the process until it is ready", Better.LESS),
  THROUGHPUT("answers", "/s", "answers in the closed loop", Better.MORE),
  STORED(
      "stored",
      "/s",
      "rows stored until the closed loop is stored, or no longer waited for",
      Better.MORE),
  P50("p50", "ms", "median latency in the open loop, from the intended send time", Better.LESS),
  P95(
      "p95",
      "ms",
      "95th percentile of latency in the open loop, from the intended send time",
      Better.LESS),
  P99(
      "p99",
      "ms",
      "99th percentile of latency in the open loop, from the intended send time",
      Better.LESS),
  CPU(
      "CPU",
      "ms/request",
      "CPU time of service and PostgreSQL per request of the closed loop, until it is stored",
      Better.LESS),
  SERVICE_CPU(
      "CPU of the service",
      "ms/request",
      "CPU time of the service alone per request of the closed loop, until it is stored",
      Better.LESS),
  BATCHED("batched", "shipments/s", "shipments answered by POST /predict/batch", Better.MORE),
  RESIDENT("memory", "MiB", "resident memory of the service after the closed loop", Better.LESS),
  PROPORTIONAL(
      "PSS",
      "MiB",
      "resident memory of the service after the closed loop, shared pages counted in parts",
      Better.LESS),
  PEAK("peak memory", "MiB", "largest resident memory since its start", Better.LESS),
  DISK_READ(
      "disk reads",
      "KiB",
      "read from disk by service and PostgreSQL, from start to the end",
      Better.LESS),
  CALL_READ(
      "read calls",
      "KiB/request",
      "read by the service through system calls, files and sockets alike, in the closed loop",
      Better.LESS),
  HITS("hits", "%", "answers from the cache in the closed loop", Better.NEITHER),
  GENERATOR(
      "load generator",
      "cores",
      "CPU time of the load generator per second of the closed loop",
      Better.NEITHER);

  /** Direction of a gain. */
  enum Better {
    MORE,
    LESS,
    NEITHER
  }

  private final String label;
  private final String unit;
  private final String meaning;
  private final Better better;

  Metric(String label, String unit, String meaning, Better better) {
    this.label = label;
    this.unit = unit;
    this.meaning = meaning;
    this.better = better;
  }

  /** Looks up a metric by {@link #id}. */
  static Optional<Metric> of(String id) {
    return Arrays.stream(values()).filter(metric -> metric.id().equals(id)).findFirst();
  }

  /** Name in files. */
  String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  String label() {
    return label;
  }

  String unit() {
    return unit;
  }

  /** Short description. */
  String meaning() {
    return meaning;
  }

  Better better() {
    return better;
  }
}
