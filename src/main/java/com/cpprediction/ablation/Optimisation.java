package com.cpprediction.ablation;

import com.cpprediction.config.ServiceConfig;
import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What can be switched on and off, in the order in which it was promised. */
public enum Optimisation {
  PRELOADING("model pre-loading", "models.preload", "startup", "per_request"),
  CACHING("response caching", "cache.enabled", true, false),
  POOLING("connection pooling", "database.pool.enabled", true, false),
  BATCHING(
      "batch processing",
      "persistence.batch_size",
      ServiceConfig.DEFAULT.persistence().batchSize(),
      1),
  MAPPING("memory-mapped files", "models.mapping", "mapped", "heap"),
  ASYNC_IO("async I/O", "persistence.ack", "journal", "commit"),
  MONITORING("monitoring", "metrics.enabled", true, false);

  private final String label;
  private final String key;
  private final Object on;
  private final Object off;

  /**
   * @param key of the configuration, with dots
   */
  Optimisation(String label, String key, Object on, Object off) {
    this.label = label;
    this.key = key;
    this.on = on;
    this.off = off;
  }

  /** The optimisation with that {@link #id}. */
  static Optional<Optimisation> of(String id) {
    return Arrays.stream(values()).filter(one -> one.id().equals(id)).findFirst();
  }

  /** As written on the command line and in files. */
  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** As people call it. */
  String label() {
    return label;
  }

  /** What is switched, such as {@code cache.enabled: false → true}. */
  String change() {
    return "%s: %s → %s".formatted(key, off, on);
  }

  /** Writes the switch into a configuration. */
  void set(JsonObject config, boolean enabled) {
    var parts = key.split("\\.");
    var parent = config;
    for (int i = 0; i < parts.length - 1; i++) {
      if (!parent.containsKey(parts[i])) parent.put(parts[i], new JsonObject());
      parent = parent.getJsonObject(parts[i]);
    }
    parent.put(parts[parts.length - 1], enabled ? on : off);
  }
}
