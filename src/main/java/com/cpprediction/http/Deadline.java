package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Until when a caller waits.
 *
 * @param nanos reading of {@link System#nanoTime()}
 */
record Deadline(long nanos) {
  static Deadline in(Duration time) {
    return new Deadline(System.nanoTime() + time.toNanos());
  }

  /** Whether the time is up. */
  boolean over() {
    return nanos - System.nanoTime() <= 0;
  }

  /** Milliseconds that remain, at least 1: what has to end now is ended by its timer. */
  long remainingMillis() {
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos - System.nanoTime()));
  }

  /**
   * {@code future}, or {@link Failure#DEADLINE_EXCEEDED} when it isn't there in time. To be called,
   * and {@code future} to be completed, on one context.
   */
  <T> Future<T> bound(Vertx vertx, Future<T> future) {
    if (future.isComplete()) return future;
    var promise = Promise.<T>promise();
    long timer = vertx.setTimer(remainingMillis(), fired -> promise.tryFail(exceeded()));
    future.onComplete(
        done -> {
          vertx.cancelTimer(timer);
          if (done.succeeded()) promise.tryComplete(done.result());
          else promise.tryFail(done.cause());
        });
    return promise.future();
  }

  /** Nothing was stored yet when the time was up. */
  static ServiceException exceeded() {
    return Failure.DEADLINE_EXCEEDED.because(
        "Not scored within prediction.timeout_ms; nothing was stored, try again");
  }
}
