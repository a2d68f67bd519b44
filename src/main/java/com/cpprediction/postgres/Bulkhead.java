package com.cpprediction.postgres;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Supplier;

/**
 * Limits how many operations run at a time. The others wait in a bounded FIFO queue and run in the
 * Vert.x context they were submitted from. For use from one event loop.
 */
public final class Bulkhead {
  private final Vertx vertx;
  private final String guarded;
  private final int maxConcurrent;
  private final int maxWaiting;
  private final Duration maxWait;
  private final Queue<Waiter> waiting = new ArrayDeque<>();
  private int running;

  private record Waiter(Context context, Promise<Void> admitted) {}

  /**
   * @param guarded name of the limited resource for callers, such as {@code the database}
   * @param maxConcurrent operations that run at a time
   * @param maxWaiting operations in the queue
   * @param maxWait longest time in the queue
   */
  public Bulkhead(
      Vertx vertx, String guarded, int maxConcurrent, int maxWaiting, Duration maxWait) {
    this.vertx = vertx;
    this.guarded = guarded;
    this.maxConcurrent = maxConcurrent;
    this.maxWaiting = maxWaiting;
    this.maxWait = maxWait;
  }

  /**
   * Runs {@code work} once a slot is free and returns its result. Fails with {@link
   * Failure#OVERLOADED} when the queue is full or the wait exceeds its limit.
   */
  public <T> Future<T> run(Supplier<Future<T>> work) {
    return admit()
        .compose(
            admitted ->
                Future.succeededFuture() // also turns an exception of work into a failure
                    .compose(go -> work.get())
                    .onComplete(completed -> release()));
  }

  private Future<Void> admit() {
    if (running < maxConcurrent) {
      running++;
      return Future.succeededFuture();
    }
    if (waiting.size() >= maxWaiting) {
      return Future.failedFuture(
          Failure.OVERLOADED.because(
              "%d wait for %s, of at most %d; try again later"
                  .formatted(waiting.size(), guarded, maxWaiting)));
    }
    var waiter = new Waiter(vertx.getOrCreateContext(), Promise.promise());
    waiting.add(waiter);
    long timer =
        vertx.setTimer(
            maxWait.toMillis(),
            expired -> {
              if (waiting.remove(waiter)) waiter.admitted().fail(waitedTooLong());
            });
    return waiter.admitted().future().onComplete(completed -> vertx.cancelTimer(timer));
  }

  private void release() {
    var next = waiting.poll();
    if (next == null) running--;
    else next.context().runOnContext(go -> next.admitted().complete());
  }

  private ServiceException waitedTooLong() {
    return Failure.OVERLOADED.because("Too much waits for %s; try again later".formatted(guarded));
  }
}
