package com.cpprediction.config;

/**
 * The whole configuration, checked: a value of this type is always one the service can run with.
 *
 * @param dataDir where the embedded PostgreSQL and other state live; restart; JSON: {@code
 *     data_dir}
 * @param modelsDir the release to serve; restart; JSON: {@code models.dir}
 * @param metricsEnabled whether meters are kept and {@code /metrics} answers; restart; JSON: {@code
 *     metrics.enabled}
 * @param logLevel {@code trace} to {@code error}; hot; JSON: {@code log.level}
 */
public record ServiceConfig(
    String dataDir,
    String modelsDir,
    HttpConfig http,
    PredictionConfig prediction,
    CacheConfig cache,
    PersistenceConfig persistence,
    DatabaseConfig database,
    boolean metricsEnabled,
    String logLevel) {
  public static final ServiceConfig DEFAULT =
      new ServiceConfig(
          "data",
          "models",
          HttpConfig.DEFAULT,
          PredictionConfig.DEFAULT,
          CacheConfig.DEFAULT,
          PersistenceConfig.DEFAULT,
          DatabaseConfig.DEFAULT,
          true,
          "info");
}
