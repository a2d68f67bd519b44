package com.cpprediction.ablation;

import com.cpprediction.config.ServiceConfig;
import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Optimisations, each a switch of the configuration; in the order of the Python service's document.
 */
enum Optimisation {
  PRELOADING("model pre-loading", "models.preload", "startup", "per_request"),
  CACHING("response caching", "cache.enabled", true, false),
  POOLING("connection pooling", "database.pool.enabled", true, false),
  BATCHING(
      "batch processing",
      "persistence.batch_size",
      ServiceConfig.defaults().persistence().batchSize(),
      1),
  MAPPING("memory-mapped files", "models.mapping", "mapped", "heap"),
  ASYNC_IO("async I/O", "persistence.ack", "journal", "commit"),
  MONITORING("monitoring", "metrics.enabled", true, false);

  private final String label;
  private final String key;
  private final Object on;
  private final Object off;

  /**
   * @param key of the configuration, such as {@code cache.enabled}
   */
  Optimisation(String label, String key, Object on, Object off) {
    this.label = label;
    this.key = key;
    this.on = on;
    this.off = off;
  }

  /** Looks up an optimisation by {@link #id}. */
  static Optional<Optimisation> of(String id) {
    return Arrays.stream(values()).filter(one -> one.id().equals(id)).findFirst();
  }

  /** Name on the command line and in files. */
  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Name in reports. */
  String label() {
    return label;
  }

  /** The switch, such as {@code cache.enabled: false → true}. */
  String change() {
    return "%s: %s → %s".formatted(key, off, on);
  }

  /** Sets the switch in a configuration. */
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
