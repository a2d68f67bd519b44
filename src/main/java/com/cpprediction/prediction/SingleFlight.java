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
 * Builds something costly once for all who ask for it meanwhile. A build begins after each of those
 * who get it has asked, so that it is never older than the question; one runs at a time, and they
 * take a tenth of the time at most, however many ask. Thread-safe.
 *
 * @param <T> what is built; shared among callers
 */
public final class SingleFlight<T> {
  /** After a build this many times as long passes until the next. */
  private static final int REST = 9;

  private static final long LONGEST_REST_MILLIS = 1_000;

  /** Callers that are answered in one turn of the event loop, which may write megabytes. */
  private static final int TOGETHER = 16;

  private final Vertx vertx;
  private final Context own;
  private final Supplier<Future<T>> build;
  private Collection<Promise<T>> waiting = new ArrayList<>();
  private boolean busy; // building, or resting after it

  /**
   * @param build begins a build and doesn't block; on the context that makes this
   */
  public SingleFlight(Vertx vertx, Supplier<Future<T>> build) {
    this.vertx = vertx;
    own = vertx.getOrCreateContext();
    this.build = build;
  }

  /** What the next build gives, or fails with; completes on the caller's context. */
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

  /** Some at a time: the event loop reads from its other connections in between. */
  private void deliver(AsyncResult<T> built, Queue<Promise<T>> served) {
    for (int i = 0; i < TOGETHER && !served.isEmpty(); i++) served.remove().handle(built);
    if (!served.isEmpty()) vertx.setTimer(1, turn -> deliver(built, served));
  }
}
