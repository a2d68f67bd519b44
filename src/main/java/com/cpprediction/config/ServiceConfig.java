package com.cpprediction.config;

import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The whole configuration, checked: a value of this type is always one the service can run with.
 *
 * @param dataDir where the embedded PostgreSQL and other state live; restart; JSON: {@code
 *     data_dir}
 * @param metricsEnabled whether meters are kept and {@code /metrics} answers; restart; JSON: {@code
 *     metrics.enabled}
 */
public record ServiceConfig(
    String dataDir,
    ModelsConfig models,
    HttpConfig http,
    PredictionConfig prediction,
    CacheConfig cache,
    PersistenceConfig persistence,
    JournalConfig journal,
    DatabaseConfig database,
    ClusterConfig cluster,
    boolean metricsEnabled,
    LogConfig log) {
  private static final Pattern PATH = Pattern.compile("\\S");

  public static final ServiceConfig DEFAULT =
      new ServiceConfig(
          "data",
          ModelsConfig.DEFAULT,
          HttpConfig.DEFAULT,
          PredictionConfig.DEFAULT,
          CacheConfig.DEFAULT,
          PersistenceConfig.DEFAULT,
          JournalConfig.DEFAULT,
          DatabaseConfig.DEFAULT,
          ClusterConfig.DEFAULT,
          true,
          LogConfig.DEFAULT);

  public ServiceConfig {
    Check.text("data_dir", dataDir, PATH);
  }

  /**
   * The defaults with the keys of {@code file} over them.
   *
   * @param file shaped as {@code conf/config.json}
   * @throws ConfigException naming everything that is wrong with it
   */
  public static ServiceConfig of(JsonObject file) {
    return LoadedConfig.of(List.of(new Layer(Origin.FILE, file)), Sources.NONE).config();
  }

  static ServiceConfig of(Values values) {
    return new ServiceConfig(
        values.text("data_dir"),
        new ModelsConfig(
            values.text("models.dir"),
            values.text("models.engine"),
            values.text("models.mapping"),
            values.text("models.preload"),
            values.millis("models.poll_ms")),
        new HttpConfig(
            values.text("http.host"),
            values.integer("http.port"),
            values.integer("http.max_connections"),
            values.integer("http.max_pending_bytes"),
            values.integer("http.max_streams"),
            values.list("http.allowed_hosts"),
            Tokens.of("http.admin_token", values.text("http.admin_token")),
            Tokens.of("http.predict_token", values.text("http.predict_token")),
            new HttpConfig.Tls(
                values.text("http.tls.certificate"),
                values.text("http.tls.key"),
                values.text("http.tls.password"))),
        new PredictionConfig(
            values.integer("prediction.workers"),
            values.integer("prediction.max_in_flight"),
            values.millis("prediction.timeout_ms"),
            values.number("prediction.pincode_trust"),
            values.number("prediction.min_text_confidence")),
        new CacheConfig(
            values.flag("cache.enabled"),
            values.integer("cache.max_size"),
            values.seconds("cache.ttl_seconds")),
        new PersistenceConfig(
            PersistenceConfig.Ack.of(values.text("persistence.ack")),
            PersistenceConfig.WhenFull.of(values.text("persistence.when_full")),
            values.integer("persistence.batch_size"),
            values.millis("persistence.linger_ms"),
            values.integer("persistence.queue_capacity"),
            values.millis("persistence.statement_timeout_ms"),
            values.integer("persistence.retention_days"),
            values.integer("persistence.outcomes_window_days")),
        new JournalConfig(values.integer("journal.max_bytes"), values.millis("journal.sync_ms")),
        new DatabaseConfig(
            values.text("database.uri"),
            values.integer("database.embedded_port"),
            new DatabaseConfig.Pool(
                values.flag("database.pool.enabled"),
                values.integer("database.pool.size"),
                values.integer("database.pool.max_wait_queue"),
                values.seconds("database.pool.idle_timeout_seconds"),
                values.seconds("database.pool.max_lifetime_seconds"),
                values.millis("database.pool.acquire_timeout_ms"),
                values.integer("database.pool.pipelining_limit"))),
        new ClusterConfig(
            values.text("cluster.name"),
            values.text("cluster.host"),
            values.integer("cluster.port"),
            values.integer("cluster.bus_port"),
            values.list("cluster.members"),
            values.flag("cluster.trusted_network"),
            values.integer("cluster.replicas"),
            values.number("cluster.weight"),
            values.millis("cluster.attempt_ms"),
            new ClusterConfig.Tls(
                values.text("cluster.tls.certificate"),
                values.text("cluster.tls.key"),
                values.text("cluster.tls.ca"))),
        values.flag("metrics.enabled"),
        new LogConfig(
            values.text("log.level"),
            values.list("log.levels"),
            LogConfig.Format.of(values.text("log.format")),
            values.flag("log.requests")));
  }
}
