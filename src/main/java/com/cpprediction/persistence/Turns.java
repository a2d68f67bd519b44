package com.cpprediction.persistence;

import com.cpprediction.config.DatabaseConfig;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Lets some work at a time; the others wait in the order they came, as many and as long as for a
 * connection. To be used from one event loop.
 */
final class Turns {
  private final Vertx vertx;
  private final int most;
  private final DatabaseConfig.Pool limits;
  private final Queue<Promise<Void>> waiting = new ArrayDeque<>();
  private int working;

  /**
   * @param most at a time
   * @param limits {@code max_wait_queue} and {@code acquire_timeout_ms} hold
   */
  Turns(Vertx vertx, int most, DatabaseConfig.Pool limits) {
    this.vertx = vertx;
    this.most = most;
    this.limits = limits;
  }

  /**
   * What {@code work} comes to, once it is its turn. Fails with {@link Failure#OVERLOADED} when too
   * many wait, and with a {@link TimeoutException} after too long a wait.
   */
  <T> Future<T> take(Supplier<Future<T>> work) {
    return turn().compose(mine -> work.get().onComplete(done -> next()));
  }

  private Future<Void> turn() {
    if (working < most) {
      working++;
      return Future.succeededFuture();
    }
    if (waiting.size() >= limits.maxWaitQueue()) {
      return Future.failedFuture(
          Failure.OVERLOADED.because(
              "%d wait for the database, of at most %d; try again later"
                  .formatted(waiting.size(), limits.maxWaitQueue())));
    }
    var turn = Promise.<Void>promise();
    waiting.add(turn);
    long timer =
        vertx.setTimer(
            limits.acquireTimeout().toMillis(),
            late -> {
              if (waiting.remove(turn)) turn.fail(new TimeoutException("waited too long"));
            });
    return turn.future().onComplete(done -> vertx.cancelTimer(timer));
  }

  private void next() {
    var first = waiting.poll();
    if (first == null) working--;
    else first.complete();
  }
}
