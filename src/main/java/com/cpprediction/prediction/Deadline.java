package com.cpprediction.prediction;

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
public record Deadline(long nanos) {
  public static Deadline in(Duration time) {
    return new Deadline(System.nanoTime() + time.toNanos());
  }

  /** One that is over a {@code parts}th of what remains earlier. */
  public Deadline earlier(int parts) {
    return new Deadline(nanos - (nanos - System.nanoTime()) / parts);
  }

  /** Whether the time is up. */
  public boolean over() {
    return nanos - System.nanoTime() <= 0;
  }

  /** Milliseconds that remain, at least 1: what has to end now is ended by its timer. */
  public long remainingMillis() {
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos - System.nanoTime()));
  }

  /**
   * {@code future}, or {@link Failure#DEADLINE_EXCEEDED} when it isn't there in time. To be called,
   * and {@code future} to be completed, on one context.
   */
  public <T> Future<T> bound(Vertx vertx, Future<T> future) {
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
  public static ServiceException exceeded() {
    return Failure.DEADLINE_EXCEEDED.because(
        "Not scored within the caller's time; nothing was stored, try again");
  }
}
