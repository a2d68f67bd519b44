package com.cpprediction.serving;

import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayList;
import java.util.List;

/**
 * Fails futures at their deadlines, {@value #PERIOD_MILLIS} ms late at most, with one timer for all
 * of them, which runs only while there are any. Confined to one event loop.
 */
final class DeadlineSweep {
  private static final long PERIOD_MILLIS = 5;
  private static final long NONE = -1;

  private record Bound(Deadline deadline, Promise<?> promise) {
    boolean isPending() {
      return !promise.future().isComplete();
    }
  }

  private final Vertx vertx;
  private final ContextInternal context;
  private List<Bound> bounds = new ArrayList<>(); // completed ones until the next sweep
  private long timer = NONE;

  /** Belongs to the event loop of the caller's context. */
  DeadlineSweep(Vertx vertx) {
    this.vertx = vertx;
    context = ((ContextInternal) vertx.getOrCreateContext()).unwrap();
  }

  /**
   * Fails with {@link Failure#DEADLINE_EXCEEDED} unless {@code future} completes in time; completes
   * on the caller's context.
   */
  <T> Future<T> bound(Deadline deadline, Future<T> future) {
    if (future.isComplete()) return future;
    Promise<T> promise = ((ContextInternal) vertx.getOrCreateContext()).promise();
    bounds.add(new Bound(deadline, promise));
    if (timer == NONE) timer = context.setPeriodic(PERIOD_MILLIS, tick -> sweep());
    future.onComplete(
        (result, failure) -> {
          if (failure == null) promise.tryComplete(result);
          else promise.tryFail(failure);
        });
    return promise.future();
  }

  /** Whether its timer runs. */
  boolean isRunning() {
    return timer != NONE;
  }

  private void sweep() {
    if (bounds.isEmpty()) {
      vertx.cancelTimer(timer);
      timer = NONE;
      return;
    }
    var swept = bounds;
    bounds = new ArrayList<>(); // listeners may add others
    for (var bound : swept) {
      if (!bound.isPending()) continue;
      if (bound.deadline().over()) bound.promise().tryFail(Deadline.exceeded());
      else bounds.add(bound);
    }
  }
}
