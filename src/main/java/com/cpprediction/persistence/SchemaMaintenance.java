package com.cpprediction.persistence;

import com.cpprediction.config.PersistenceConfig;
import io.vertx.core.Vertx;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates partitions in advance and drops expired data: hourly and on demand, on a worker. */
final class SchemaMaintenance {
  private static final Logger log = LoggerFactory.getLogger(SchemaMaintenance.class);
  private static final long INTERVAL_MILLIS = TimeUnit.HOURS.toMillis(1);
  private static final long CLOCK_CHECK_MILLIS = TimeUnit.MINUTES.toMillis(1);

  private final Vertx vertx;
  private final Schema schema;
  private final Supplier<PersistenceConfig> config;

  SchemaMaintenance(Vertx vertx, Schema schema, Supplier<PersistenceConfig> config) {
    this.vertx = vertx;
    this.schema = schema;
    this.config = config;
  }

  /**
   * Starts the timers. While the clocks of this node and PostgreSQL differ, they are compared every
   * minute.
   */
  void start(BooleanSupplier databaseUp) {
    vertx.setPeriodic(INTERVAL_MILLIS, timer -> run());
    vertx.setPeriodic(
        CLOCK_CHECK_MILLIS,
        timer -> {
          if (schema.isSkewed() && databaseUp.getAsBoolean()) run();
        });
  }

  /** Starts a run and returns at once. Thread-safe. */
  void run() {
    vertx
        .executeBlocking(
            () -> {
              schema.createPartitions(config.get().retentionDays());
              schema.dropExpired(config.get().retentionDays());
              schema.dropHistory(config.get().historyDays());
              return null;
            },
            false)
        .onFailure(cause -> log.error("Cannot maintain the partitions", cause));
  }
}
