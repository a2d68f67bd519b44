package com.cpprediction.persistence;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.config.DatabaseConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class TurnsTest {
  private final List<Promise<String>> working = new ArrayList<>();

  @Test
  void letsSoManyWorkAndTheOthersInTheOrderTheyCame(Vertx vertx) {
    var turns = new Turns(vertx, 2, limits(10, Duration.ofMinutes(1)));
    var all = new ArrayList<Future<String>>();
    for (int i = 0; i < 4; i++) all.add(turns.take(this::work));
    assertThat(working).hasSize(2);

    working.get(1).complete("second");
    assertThat(all.get(1).result()).isEqualTo("second");
    assertThat(working).hasSize(3);
    working.get(2).fail("third");
    assertThat(all.get(2).cause()).hasMessage("third");
    assertThat(working).hasSize(4);
    working.get(3).complete("fourth");
    working.get(0).complete("first");

    assertThat(all.get(3).result()).isEqualTo("fourth");
    turns.take(this::work);
    turns.take(this::work);
    assertThat(working).as("all are done").hasSize(6);
  }

  @Test
  void turnsAwayWhoWouldMakeTheQueueTooLong(Vertx vertx) {
    var turns = new Turns(vertx, 1, limits(1, Duration.ofMinutes(1)));
    turns.take(this::work);
    turns.take(this::work);

    var refused = turns.take(this::work);

    assertThat(Failure.of(refused.cause())).isEqualTo(Failure.OVERLOADED);
    working.get(0).complete();
    assertThat(working).hasSize(2);
  }

  @Test
  void whoWaitedTooLongNeverWorks(Vertx vertx) {
    var turns = new Turns(vertx, 1, limits(1, Duration.ofMillis(10)));
    turns.take(this::work);

    var late = turns.take(this::work);

    assertThatThrownBy(() -> late.await(10, SECONDS)).isInstanceOf(TimeoutException.class);
    working.get(0).complete();
    assertThat(working).hasSize(1);
    turns.take(this::work);
    assertThat(working).as("its place is free").hasSize(2);
  }

  private Future<String> work() {
    var promise = Promise.<String>promise();
    working.add(promise);
    return promise.future();
  }

  private static DatabaseConfig.Pool limits(int waiting, Duration patience) {
    var pool = ServiceConfig.DEFAULT.database().pool();
    return new DatabaseConfig.Pool(
        true,
        pool.size(),
        waiting,
        pool.idleTimeout(),
        pool.maxLifetime(),
        patience,
        pool.pipeliningLimit());
  }
}
