package com.cpprediction.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.config.DatabaseConfig;
import com.cpprediction.config.ServiceConfig;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.pgclient.PgConnectOptions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class DatabaseTest {
  @Test
  void reportsTheSizesOfItsPools(Vertx vertx) {
    int size = ServiceConfig.defaults().database().pool().size();

    assertThat(database(vertx, true).poolSizes())
        .containsOnlyKeys("cp-write", "cp-read")
        .containsEntry("cp-read", size - 1);
    assertThat(database(vertx, false).poolSizes()).isEmpty();
  }

  private static Database database(Vertx vertx, boolean pooled) {
    var pool = ServiceConfig.defaults().database().pool();
    return new Database(
        vertx,
        new PgConnectOptions(),
        new DatabaseConfig.Pool(
            pooled,
            pool.size(),
            pool.maxWaitQueue(),
            pool.idleTimeout(),
            pool.maxLifetime(),
            pool.acquireTimeout(),
            pool.pipeliningLimit()),
        () -> Duration.ofSeconds(1));
  }
}
