package com.cpprediction.config;

import java.util.Map;

/** The whole configuration, valid: made of nothing but values that the schema accepts. */
public record ServiceConfig(
    String dataDir,
    ServerConfig server,
    ModelsConfig models,
    HttpConfig http,
    GrpcConfig grpc,
    AuthConfig auth,
    PredictionConfig prediction,
    CacheConfig cache,
    PersistenceConfig persistence,
    ReviewConfig review,
    JournalConfig journal,
    DatabaseConfig database,
    ClusterConfig cluster,
    MetricsConfig metrics,
    TelemetryConfig telemetry,
    LogConfig log) {
  private static final RecordBinder<ServiceConfig> BINDER =
      RecordBinder.of(ServiceConfig.class, ConfigSchema.keys());

  /** The configuration without a file and without variables. */
  public static ServiceConfig defaults() {
    return of(ConfigSchema.defaults());
  }

  /** This configuration with another HTTP server, and without gRPC. */
  public ServiceConfig with(HttpConfig http) {
    return new ServiceConfig(
        dataDir,
        server,
        models,
        http,
        GrpcConfig.OFF,
        auth,
        prediction,
        cache,
        persistence,
        review,
        journal,
        database,
        cluster,
        metrics,
        telemetry,
        log);
  }

  /**
   * @param values by the path of the key, each as {@link ConfigKey#normal} makes it
   */
  static ServiceConfig of(Map<String, Object> values) {
    return BINDER.bind(values);
  }
}
