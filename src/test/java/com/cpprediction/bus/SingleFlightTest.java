package com.cpprediction.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
@Timeout(60)
class SingleFlightTest {
  private final BlockingQueue<Promise<String>> builds = new LinkedBlockingQueue<>();

  @Test
  void servesAllRequestsDuringABuildByTheNextOne(Vertx vertx) throws Exception {
    var flight = held(vertx);
    var first = flight.get();
    var build = begun();
    var later = new ArrayList<Future<String>>();
    for (int i = 0; i < 100; i++) later.add(flight.get());

    build.complete("before");
    assertThat(first.await(60, SECONDS)).isEqualTo("before");
    begun().complete("after");

    for (var one : later) assertThat(one.await(60, SECONDS)).isEqualTo("after");
    assertThat(builds).isEmpty();
  }

  @Test
  void reportsAFailureToTheCallersOfItsBuildOnly(Vertx vertx) throws Exception {
    var flight = held(vertx);
    var first = flight.get();
    var build = begun();
    var second = flight.get();

    build.fail(Failure.NOT_READY.because("not yet"));
    begun().complete("well");

    assertThatThrownBy(() -> first.await(60, SECONDS)).hasMessage("not yet");
    assertThat(second.await(60, SECONDS)).isEqualTo("well");
  }

  @Test
  void continuesAfterABuildThatThrows(Vertx vertx) throws Exception {
    var asked = new AtomicInteger();
    var flight =
        new SingleFlight<String>(
            vertx,
            () -> {
              if (asked.getAndIncrement() == 0) throw Failure.NOT_READY.because("not yet");
              return Future.succeededFuture("well");
            });

    assertThatThrownBy(() -> flight.get().await(60, SECONDS)).hasMessage("not yet");
    assertThat(flight.get().await(60, SECONDS)).isEqualTo("well");
  }

  @Test
  void completesOnTheContextOfTheCaller(Vertx vertx) throws Exception {
    var flight = held(vertx);
    var first = flight.get();
    var build = begun();
    var there = new LinkedBlockingQueue<Boolean>();
    for (int i = 0; i < 3; i++) {
      var own = ((ContextInternal) vertx.getOrCreateContext()).duplicate();
      var asked = Promise.<Void>promise();
      own.runOnContext(
          go -> {
            flight.get().onComplete(got -> there.add(Vertx.currentContext() == own));
            asked.complete();
          });
      asked.future().await(60, SECONDS);
    }

    build.complete("before");
    first.await(60, SECONDS);
    begun().complete("after");

    for (int i = 0; i < 3; i++) assertThat(there.poll(60, SECONDS)).isTrue();
  }

  @Test
  void buildsForATenthOfTheTimeAtMostUnderAnyLoad(Vertx vertx) throws Exception {
    var took = Duration.ofMillis(4);
    var flight =
        new SingleFlight<Integer>(
            vertx,
            () -> {
              var built = Promise.<Integer>promise();
              vertx.setTimer(took.toMillis(), done -> built.complete(1));
              return built.future();
            });
    int rounds = 5;
    long begin = System.nanoTime();

    for (int i = 0; i < rounds; i++) {
      Future.all(List.of(flight.get(), flight.get(), flight.get())).await(60, SECONDS);
    }

    var least = took.multipliedBy(10).multipliedBy(rounds - 1L); // it never rests less
    assertThat(System.nanoTime() - begin).isGreaterThan(least.toNanos());
  }

  /** Creates one whose builds are completed by the test. */
  private SingleFlight<String> held(Vertx vertx) {
    return new SingleFlight<>(
        vertx,
        () -> {
          var build = Promise.<String>promise();
          builds.add(build);
          return build.future();
        });
  }

  private Promise<String> begun() throws InterruptedException {
    var build = builds.poll(60, SECONDS);
    if (build == null) throw new AssertionError("no build began within 10 s");
    return build;
  }
}
