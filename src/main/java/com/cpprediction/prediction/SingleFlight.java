package com.cpprediction.prediction;

import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Coalesces concurrent requests for a costly result into one build. A build starts after all
 * requests that it serves, so that its result is never older than a request. One build runs at a
 * time, and builds take at most a tenth of the time under any load. Thread-safe.
 *
 * @param <T> the result, shared among callers
 */
public final class SingleFlight<T> {
  /** Pause after a build, as a multiple of its duration. */
  private static final int REST = 9;

  private static final long LONGEST_REST_MILLIS = 1_000;

  /** Callers served in one task of the event loop, since each response may be megabytes. */
  private static final int TOGETHER = 16;

  private final Vertx vertx;
  private final Context own;
  private final Supplier<Future<T>> build;
  private Collection<Promise<T>> waiting = new ArrayList<>();
  private boolean busy; // during a build and the pause after it

  /**
   * @param build starts a build without blocking; runs on the context of this constructor's caller
   */
  public SingleFlight(Vertx vertx, Supplier<Future<T>> build) {
    this.vertx = vertx;
    own = vertx.getOrCreateContext();
    this.build = build;
  }

  /** The result or failure of the next build; completes on the caller's context. */
  public Future<T> get() {
    Promise<T> mine = ((ContextInternal) vertx.getOrCreateContext()).promise();
    synchronized (this) {
      waiting.add(mine);
      if (busy) return mine.future();
      busy = true;
    }
    own.runOnContext(free -> begin());
    return mine.future();
  }

  private void begin() {
    Queue<Promise<T>> served;
    synchronized (this) {
      served = new ArrayDeque<>(waiting);
      waiting = new ArrayList<>();
    }
    long start = System.nanoTime();
    Future.<Void>succeededFuture()
        .compose(now -> build.get())
        .onComplete(
            built -> {
              rest(System.nanoTime() - start);
              deliver(built, served);
            });
  }

  private void rest(long builtNanos) {
    long millis = TimeUnit.NANOSECONDS.toMillis(REST * builtNanos) + 1;
    vertx.setTimer(Math.min(millis, LONGEST_REST_MILLIS), rested -> next());
  }

  private void next() {
    synchronized (this) {
      busy = !waiting.isEmpty();
      if (!busy) return;
    }
    begin();
  }

  /** Serves callers in groups, so that the event loop can handle other connections in between. */
  private void deliver(AsyncResult<T> built, Queue<Promise<T>> served) {
    for (int i = 0; i < TOGETHER && !served.isEmpty(); i++) served.remove().handle(built);
    if (!served.isEmpty()) vertx.setTimer(1, turn -> deliver(built, served));
  }
}
