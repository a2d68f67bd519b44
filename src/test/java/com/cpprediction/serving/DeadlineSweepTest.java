package com.cpprediction.serving;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.http.HttpFixture;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
@Timeout(60)
class DeadlineSweepTest {
  private static final Deadline FAR = Deadline.in(Duration.ofMinutes(10));

  private final ContextInternal loop;
  private final DeadlineSweep sweep;

  DeadlineSweepTest(Vertx vertx) throws Exception {
    loop = (ContextInternal) vertx.getOrCreateContext();
    sweep = on(loop, () -> new DeadlineSweep(vertx));
  }

  @Test
  void failsWhatIsPendingAtItsDeadlineAndNothingElse() throws Exception {
    var never = Promise.<String>promise();
    var later = bound(FAR, never.future());
    var soon = bound(soon(), never.future());

    assertThat(Failure.of(failureOf(soon))).isEqualTo(Failure.DEADLINE_EXCEEDED);
    assertThat(later.isComplete()).isFalse();
  }

  @Test
  void passesOnTheResultAndTheFailureThatComeInTime() throws Exception {
    var result = Promise.<String>promise();
    var failure = Promise.<String>promise();
    var first = bound(FAR, result.future());
    var second = bound(FAR, failure.future());

    complete(() -> result.complete("scores"));
    complete(() -> failure.fail("broken"));

    assertThat(first.await(60, SECONDS)).isEqualTo("scores");
    assertThat(failureOf(second)).hasMessage("broken");
  }

  @Test
  void ignoresWhatComesTooLate() throws Exception {
    var late = Promise.<String>promise();
    var bound = bound(soon(), late.future());
    failureOf(bound);

    complete(() -> late.complete("scores"));

    assertThat(bound.failed()).isTrue();
  }

  @Test
  void returnsWhatIsCompleteAlready() throws Exception {
    var complete = Future.succeededFuture("scores");

    assertThat(bound(new Deadline(System.nanoTime() - 1), complete)).isSameAs(complete);
  }

  @Test
  void beginsAnewAfterItHadNothingToDo() throws Exception {
    for (int i = 0; i < 3; i++) {
      failureOf(bound(soon(), Promise.<String>promise().future()));
      idle();
    }
  }

  @Test
  void boundsWhatAListenerAsksForDuringASweep() throws Exception {
    var never = Promise.<String>promise().future();

    var chain = on(loop, () -> sweep.bound(soon(), never).recover(e -> sweep.bound(soon(), never)));

    assertThat(Failure.of(failureOf(chain))).isEqualTo(Failure.DEADLINE_EXCEEDED);
  }

  @Test
  void completesOnTheContextThatAsked() throws Exception {
    Context request = loop.duplicate();
    var seen = Promise.<Context>promise();

    on(
        request,
        () ->
            sweep
                .bound(soon(), Promise.<String>promise().future())
                .onComplete(done -> seen.complete(Vertx.currentContext())));

    assertThat(seen.future().await(60, SECONDS)).isSameAs(request);
  }

  private static Deadline soon() {
    return Deadline.in(Duration.ofMillis(10));
  }

  private Future<String> bound(Deadline deadline, Future<String> future) throws Exception {
    return on(loop, () -> sweep.bound(deadline, future));
  }

  private void complete(Runnable completion) throws Exception {
    on(
        loop,
        () -> {
          completion.run();
          return true;
        });
  }

  /** Waits until the sweep has stopped its timer. */
  private void idle() throws Exception {
    HttpFixture.until(() -> !on(loop, sweep::isRunning));
  }

  private static Throwable failureOf(Future<?> future) throws Exception {
    return future.transform(done -> Future.succeededFuture(done.cause())).await(60, SECONDS);
  }

  private static <T> T on(Context context, Callable<T> work) throws Exception {
    var done = Promise.<T>promise();
    context.runOnContext(
        run -> {
          try {
            done.complete(work.call());
          } catch (Exception e) {
            done.fail(e);
          }
        });
    return done.future().await(60, SECONDS);
  }
}
