package com.cpprediction.postgres;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.logging.RequestId;
import com.cpprediction.prediction.Failure;
import com.cpprediction.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class BulkheadTest {
  private final List<Promise<String>> started = new CopyOnWriteArrayList<>();

  @Test
  void runsUpToTheLimitAndTheRestInOrder(Vertx vertx) throws Exception {
    var bulkhead = new Bulkhead(vertx, "the database", 2, 10, Duration.ofMinutes(1));
    var all = new ArrayList<Future<String>>();
    for (int i = 0; i < 4; i++) all.add(bulkhead.run(this::work));
    assertThat(started).hasSize(2);

    started.get(1).complete("second");
    assertThat(all.get(1).result()).isEqualTo("second");
    Await.until(() -> started.size() == 3);
    started.get(2).fail("third");
    Await.until(() -> all.get(2).isComplete());
    assertThat(all.get(2).cause()).hasMessage("third");
    Await.until(() -> started.size() == 4);
    started.get(3).complete("fourth");
    started.get(0).complete("first");

    Await.until(() -> all.get(3).isComplete());
    assertThat(all.get(3).result()).isEqualTo("fourth");
    bulkhead.run(this::work);
    bulkhead.run(this::work);
    assertThat(started).as("all are done").hasSize(6);
  }

  @Test
  void releasesTheSlotOfWorkThatThrows(Vertx vertx) {
    var bulkhead = new Bulkhead(vertx, "the database", 1, 1, Duration.ofMinutes(1));
    var refused = new IllegalStateException("no work");

    var thrown =
        bulkhead.run(
            () -> {
              throw refused;
            });

    assertThat(thrown.cause()).isSameAs(refused);
    bulkhead.run(this::work);
    assertThat(started).hasSize(1);
  }

  @Test
  void rejectsWorkWhenTheQueueIsFull(Vertx vertx) throws Exception {
    var bulkhead = new Bulkhead(vertx, "the database", 1, 1, Duration.ofMinutes(1));
    bulkhead.run(this::work);
    bulkhead.run(this::work);

    var refused = bulkhead.run(this::work);

    assertThat(Failure.of(refused.cause())).isEqualTo(Failure.OVERLOADED);
    assertThat(refused.cause()).hasMessageStartingWith("1 wait for the database, of at most 1");
    started.get(0).complete();
    Await.until(() -> started.size() == 2);
  }

  @Test
  void neverRunsWorkThatWaitedTooLong(Vertx vertx) throws Exception {
    var bulkhead = new Bulkhead(vertx, "the database", 1, 1, Duration.ofMillis(10));
    bulkhead.run(this::work);

    var late = bulkhead.run(this::work);

    assertThatThrownBy(() -> late.await(60, SECONDS))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.OVERLOADED))
        .hasMessageContaining("the database");
    started.get(0).complete();
    assertThat(started).hasSize(1);
    bulkhead.run(this::work);
    assertThat(started).as("its slot is free").hasSize(2);
  }

  @Test
  void runsWaitingWorkInTheContextOfItsRequest(Vertx vertx) throws Exception {
    var loop = (ContextInternal) vertx.getOrCreateContext();
    var bulkhead = new Bulkhead(vertx, "the database", 1, 1, Duration.ofMinutes(1));
    var ids = new CopyOnWriteArrayList<String>();
    var asked = Promise.<Void>promise();
    loop.runOnContext(
        go -> {
          for (var id : List.of("first", "second")) {
            loop.duplicate()
                .dispatch(
                    () -> {
                      RequestId.set(id);
                      bulkhead.run(
                          () -> {
                            ids.add(RequestId.current());
                            return work();
                          });
                    });
          }
          started.get(0).complete();
          asked.complete();
        });

    asked.future().await(60, SECONDS);
    Await.until(() -> started.size() == 2);
    assertThat(ids).containsExactly("first", "second");
  }

  private Future<String> work() {
    var promise = Promise.<String>promise();
    started.add(promise);
    return promise.future();
  }
}
