package com.cpprediction.prediction;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The time at which a caller stops waiting.
 *
 * @param nanos reading of {@link System#nanoTime()}
 */
public record Deadline(long nanos) {
  public static Deadline in(Duration time) {
    return new Deadline(System.nanoTime() + time.toNanos());
  }

  /** A deadline that leaves 1/{@code parts} of the remaining time unused. */
  public Deadline earlier(int parts) {
    return new Deadline(nanos - (nanos - System.nanoTime()) / parts);
  }

  /** A deadline {@code time} later. */
  public Deadline later(Duration time) {
    return new Deadline(nanos + time.toNanos());
  }

  /** The later one of the two. */
  public Deadline latest(Deadline other) {
    return other.nanos - nanos > 0 ? other : this;
  }

  /** Whether the deadline has passed. */
  public boolean over() {
    return nanos - System.nanoTime() <= 0;
  }

  /** Remaining milliseconds, at least 1, the minimum of a Vert.x timer. */
  public long remainingMillis() {
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos - System.nanoTime()));
  }

  /**
   * Fails with {@link Failure#DEADLINE_EXCEEDED} unless {@code future} completes in time. The call
   * and the completion of {@code future} must run on one context.
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

  /** The deadline passed before anything was stored. */
  public static ServiceException exceeded() {
    return Failure.DEADLINE_EXCEEDED.because(
        "Not scored within the caller's time; nothing was stored, try again");
  }
}
