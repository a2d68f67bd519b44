package com.cpprediction.config;

import java.time.Duration;

/**
 * @param uri {@code postgresql://user:password@host:port/database} of a server, or empty for an
 *     embedded one under {@code data_dir}; restart; JSON: {@code database.uri}
 * @param embeddedPort port of the embedded server on loopback, 0..65535, 0 for any free one;
 *     restart; JSON: {@code database.embedded_port}
 * @param pool connections to it
 */
public record DatabaseConfig(String uri, int embeddedPort, Pool pool) {
  /**
   * All of it is read at start only.
   *
   * @param enabled whether connections are kept, or each statement has one of its own; JSON: {@code
   *     database.pool.enabled}
   * @param size connections of this node at most, reads and writes together, 2..1,000; JSON: {@code
   *     database.pool.size}
   * @param maxWaitQueue operations waiting for a connection at most, 1..100,000; JSON: {@code
   *     database.pool.max_wait_queue}
   * @param idleTimeout an unused connection is closed after it, 0..86,400 s, 0 for never; JSON:
   *     {@code database.pool.idle_timeout_seconds}
   * @param maxLifetime a connection is replaced after it, 0..604,800 s, 0 for never; JSON: {@code
   *     database.pool.max_lifetime_seconds}
   * @param acquireTimeout longest wait for a connection, 10..600,000 ms; JSON: {@code
   *     database.pool.acquire_timeout_ms}
   * @param pipeliningLimit statements in flight on one connection, 1..256; JSON: {@code
   *     database.pool.pipelining_limit}
   */
  public record Pool(
      boolean enabled,
      int size,
      int maxWaitQueue,
      Duration idleTimeout,
      Duration maxLifetime,
      Duration acquireTimeout,
      int pipeliningLimit) {
    static final Pool DEFAULT =
        new Pool(
            true,
            20,
            1_000,
            Duration.ofMinutes(10),
            Duration.ofHours(1),
            Duration.ofSeconds(2),
            16);

    public Pool {
      Check.range("database.pool.size", size, 2, 1_000);
      Check.range("database.pool.max_wait_queue", maxWaitQueue, 1, 100_000);
      Check.range("database.pool.idle_timeout_seconds", idleTimeout.toSeconds(), 0, 86_400);
      Check.range("database.pool.max_lifetime_seconds", maxLifetime.toSeconds(), 0, 604_800);
      Check.range("database.pool.acquire_timeout_ms", acquireTimeout.toMillis(), 10, 600_000);
      Check.range("database.pool.pipelining_limit", pipeliningLimit, 1, 256);
    }
  }

  static final DatabaseConfig DEFAULT = new DatabaseConfig("", 0, Pool.DEFAULT);

  public DatabaseConfig {
    DatabaseUri.check(uri);
    Check.range("database.embedded_port", embeddedPort, 0, 65_535);
  }

  /** Whether the service brings its own PostgreSQL. */
  public boolean embedded() {
    return uri.isEmpty();
  }

  @Override
  public String toString() { // a URI may carry a password
    return "DatabaseConfig[uri=%s, embeddedPort=%d, pool=%s]"
        .formatted(DatabaseUri.masked(uri), embeddedPort, pool);
  }
}
