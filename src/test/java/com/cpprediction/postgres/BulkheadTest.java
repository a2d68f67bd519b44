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
public class BulkheadTest {
  private final List<Promise<String>> working = new CopyOnWriteArrayList<>();

  @Test
  void letsSoManyWorkAndTheOthersInTheOrderTheyCame(Vertx vertx) throws Exception {
    var bulkhead = new Bulkhead(vertx, 2, 10, Duration.ofMinutes(1));
    var all = new ArrayList<Future<String>>();
    for (int i = 0; i < 4; i++) all.add(bulkhead.take(this::work));
    assertThat(working).hasSize(2);

    working.get(1).complete("second");
    assertThat(all.get(1).result()).isEqualTo("second");
    Await.until(() -> working.size() == 3);
    working.get(2).fail("third");
    Await.until(() -> all.get(2).isComplete());
    assertThat(all.get(2).cause()).hasMessage("third");
    Await.until(() -> working.size() == 4);
    working.get(3).complete("fourth");
    working.get(0).complete("first");

    Await.until(() -> all.get(3).isComplete());
    assertThat(all.get(3).result()).isEqualTo("fourth");
    bulkhead.take(this::work);
    bulkhead.take(this::work);
    assertThat(working).as("all are done").hasSize(6);
  }

  @Test
  void workThatThrowsGivesItsTurnBack(Vertx vertx) {
    var bulkhead = new Bulkhead(vertx, 1, 1, Duration.ofMinutes(1));
    var refused = new IllegalStateException("no work");

    var thrown =
        bulkhead.take(
            () -> {
              throw refused;
            });

    assertThat(thrown.cause()).isSameAs(refused);
    bulkhead.take(this::work);
    assertThat(working).hasSize(1);
  }

  @Test
  void turnsAwayWhoWouldMakeTheQueueTooLong(Vertx vertx) throws Exception {
    var bulkhead = new Bulkhead(vertx, 1, 1, Duration.ofMinutes(1));
    bulkhead.take(this::work);
    bulkhead.take(this::work);

    var refused = bulkhead.take(this::work);

    assertThat(Failure.of(refused.cause())).isEqualTo(Failure.OVERLOADED);
    working.get(0).complete();
    Await.until(() -> working.size() == 2);
  }

  @Test
  void whoWaitedTooLongNeverWorks(Vertx vertx) throws Exception {
    var bulkhead = new Bulkhead(vertx, 1, 1, Duration.ofMillis(10));
    bulkhead.take(this::work);

    var late = bulkhead.take(this::work);

    assertThatThrownBy(() -> late.await(10, SECONDS))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.OVERLOADED));
    working.get(0).complete();
    assertThat(working).hasSize(1);
    bulkhead.take(this::work);
    assertThat(working).as("its place is free").hasSize(2);
  }

  @Test
  void whoeverWaitedWorksForItsOwnRequest(Vertx vertx) throws Exception {
    var loop = (ContextInternal) vertx.getOrCreateContext();
    var bulkhead = new Bulkhead(vertx, 1, 1, Duration.ofMinutes(1));
    var ids = new CopyOnWriteArrayList<String>();
    var asked = Promise.<Void>promise();
    loop.runOnContext(
        go -> {
          for (var id : List.of("first", "second")) {
            loop.duplicate()
                .dispatch(
                    () -> {
                      RequestId.set(id);
                      bulkhead.take(
                          () -> {
                            ids.add(RequestId.current());
                            return work();
                          });
                    });
          }
          working.get(0).complete();
          asked.complete();
        });

    asked.future().await(10, SECONDS);
    Await.until(() -> working.size() == 2);
    assertThat(ids).containsExactly("first", "second");
  }

  private Future<String> work() {
    var promise = Promise.<String>promise();
    working.add(promise);
    return promise.future();
  }
}
