package com.cpprediction.server;

import com.cpprediction.cluster.ClusterVerticle;
import com.cpprediction.config.ConfigWatcher;
import com.cpprediction.model.ModelStore;
import com.cpprediction.persistence.PersistenceVerticle;
import com.cpprediction.serving.HealthCheck;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The health checks of the service: models, persistence, database, cluster, configuration. */
final class HealthChecks {
  private final ModelStore models;
  private final Supplier<PersistenceVerticle> persistence;
  private final @Nullable ClusterVerticle cluster;
  private final boolean needsDatabase;
  private final List<HealthCheck> all = new ArrayList<>();

  /**
   * @param persistence called by checks only
   * @param cluster of a node in a cluster
   * @param needsDatabase whether a request waits for PostgreSQL to commit its row
   */
  HealthChecks(
      ModelStore models,
      Supplier<PersistenceVerticle> persistence,
      @Nullable ClusterVerticle cluster,
      ConfigWatcher watcher,
      boolean needsDatabase) {
    this.models = models;
    this.persistence = persistence;
    this.cluster = cluster;
    this.needsDatabase = needsDatabase;
    all.add(
        new HealthCheck(
            "models", this::modelsReady, () -> models.status().degraded(), this::describeModels));
    all.add(
        new HealthCheck(
            "persistence", () -> persistence.get().ready(), () -> persistence.get().health()));
    all.add(
        new HealthCheck(
            "database",
            this::databaseReady,
            () -> persistence.get().degraded(),
            () -> persistence.get().database()));
    if (cluster != null) all.add(new HealthCheck("cluster", cluster::ready, cluster::health));
    all.add(
        new HealthCheck("config", () -> true, () -> watcher.toJson().getJsonObject("last_reload")));
  }

  /** All checks, in the order of the health documents. */
  List<HealthCheck> all() {
    return List.copyOf(all);
  }

  /** In a cluster other nodes may hold all models. */
  private boolean modelsReady() {
    return !models.current().here().isEmpty() || cluster != null && !cluster.releases().isEmpty();
  }

  private boolean databaseReady() {
    return !needsDatabase || persistence.get().databaseUp();
  }

  private JsonObject describeModels() {
    var failures = new JsonObject();
    models.failures().forEach(failures::put);
    return new JsonObject()
        .put("directory", models.directory().toString())
        .put("loaded", models.prefixes().size())
        .put("failed", failures);
  }
}
