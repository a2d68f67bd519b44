package com.cpprediction.bus;

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
  private static final int PAUSE_FACTOR = 9;

  private static final long MAX_PAUSE_MILLIS = 1_000;

  /** Callers served in one task of the event loop, since each response may be megabytes. */
  private static final int GROUP = 16;

  private final Vertx vertx;
  private final Context context;
  private final Supplier<Future<T>> build;
  private Collection<Promise<T>> waiting = new ArrayList<>();
  private boolean busy; // during a build and the pause after it

  /**
   * @param build starts a build without blocking; runs on the context of this constructor's caller
   */
  public SingleFlight(Vertx vertx, Supplier<Future<T>> build) {
    this.vertx = vertx;
    context = vertx.getOrCreateContext();
    this.build = build;
  }

  /** The result or failure of the next build; completes on the caller's context. */
  public Future<T> get() {
    Promise<T> promise = ((ContextInternal) vertx.getOrCreateContext()).promise();
    synchronized (this) {
      waiting.add(promise);
      if (busy) return promise.future();
      busy = true;
    }
    context.runOnContext(start -> startBuild());
    return promise.future();
  }

  private void startBuild() {
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
              pause(System.nanoTime() - start);
              deliver(built, served);
            });
  }

  private void pause(long nanos) {
    long millis = TimeUnit.NANOSECONDS.toMillis(PAUSE_FACTOR * nanos) + 1;
    vertx.setTimer(Math.min(millis, MAX_PAUSE_MILLIS), ended -> pauseEnded());
  }

  private void pauseEnded() {
    synchronized (this) {
      busy = !waiting.isEmpty();
      if (!busy) return;
    }
    startBuild();
  }

  /** Serves callers in groups, so that the event loop can handle other connections in between. */
  private void deliver(AsyncResult<T> built, Queue<Promise<T>> served) {
    for (int i = 0; i < GROUP && !served.isEmpty(); i++) served.remove().handle(built);
    if (!served.isEmpty()) vertx.setTimer(1, next -> deliver(built, served));
  }
}
