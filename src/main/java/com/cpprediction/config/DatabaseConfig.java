package com.cpprediction.config;

import java.time.Duration;

/**
 * The PostgreSQL server.
 *
 * @param uri empty for an embedded server; may hold a password
 */
public record DatabaseConfig(String uri, int embeddedPort, Pool pool) {
  /**
   * Connections to the server.
   *
   * @param idleTimeout zero for none
   * @param maxLifetime zero for no limit
   */
  public record Pool(
      boolean enabled,
      int size,
      int maxWaitQueue,
      Duration idleTimeout,
      Duration maxLifetime,
      Duration acquireTimeout,
      int pipeliningLimit) {}

  /** Whether the service brings its own PostgreSQL. */
  public boolean embedded() {
    return uri.isEmpty();
  }

  @Override
  public String toString() {
    return "DatabaseConfig[uri=%s, embeddedPort=%d, pool=%s]"
        .formatted(ConfigSchema.key("database.uri").masked(uri), embeddedPort, pool);
  }
}
