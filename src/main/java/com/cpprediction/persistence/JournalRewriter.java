package com.cpprediction.persistence;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rewrites the journal of this node after erasures, once no row waits that is older. A rewrite that
 * fails is repeated, after {@code backoff}, then after twice as long, up to {@link #LONGEST}, since
 * appends may fail after each until the journal is open again. For use from one event loop.
 */
final class JournalRewriter {
  private static final Logger log = LoggerFactory.getLogger(JournalRewriter.class);
  private static final Duration LONGEST = Duration.ofMinutes(5);
  private static final long POLL_MILLIS = 50;

  /** From the first late row until the journal is rewritten for all that came meanwhile. */
  private static final long LATE_MILLIS = 1_000;

  private final Vertx vertx;
  private final LongPredicate settledUntil;
  private final Supplier<Future<Void>> rewrite;
  private final Duration backoff;
  private final Clock clock;
  private @Nullable Promise<Void> next; // a rewrite that is asked for and has not begun
  private int waiting; // erasures that wait for it
  private long from; // milliseconds since 1970: of the latest of these
  private boolean running; // a rewrite, or the wait for the next attempt
  private volatile int pending;
  private volatile @Nullable String failure; // of the last attempt
  private long delay; // milliseconds until the next attempt, after a failure
  private boolean lateRows; // for which a rewrite is scheduled
  private boolean stopped;

  /**
   * @param settledUntil whether no row waits that was queued up to a time, in milliseconds since
   *     1970
   * @param rewrite rewrites the journal, if there is one
   * @param backoff from the first failure until the second attempt
   */
  JournalRewriter(
      Vertx vertx,
      LongPredicate settledUntil,
      Supplier<Future<Void>> rewrite,
      Duration backoff,
      Clock clock) {
    this.vertx = vertx;
    this.settledUntil = settledUntil;
    this.rewrite = rewrite;
    this.backoff = backoff;
    this.clock = clock;
    delay = backoff.toMillis();
  }

  /** Completes once the journal has no record of a row that was queued before; fails at a stop. */
  Future<Void> rewrite() {
    pending++;
    return request();
  }

  /** Rewrites the journal soon, once for rows of erased shipments that follow each other. */
  void rewriteLateRows() {
    if (lateRows) return;
    lateRows = true;
    pending++;
    vertx.setTimer(
        LATE_MILLIS,
        waited -> {
          lateRows = false;
          request();
        });
  }

  private Future<Void> request() {
    var promise = next;
    if (promise == null) promise = Promise.promise();
    next = promise;
    from = clock.millis();
    waiting++;
    attempt();
    return promise.future();
  }

  /** Erasures whose rows may still be in the journal. Thread-safe. */
  int pending() {
    return pending;
  }

  /** Whether the last attempt failed, and another one follows. Thread-safe. */
  boolean failing() {
    return failure != null;
  }

  void stop() {
    stopped = true;
    if (next != null) next.tryFail("The service is stopping");
  }

  private void attempt() {
    if (running || stopped) return;
    var promise = next;
    if (promise == null) return;
    if (!settledUntil.test(from)) {
      after(POLL_MILLIS);
      return;
    }
    int erasures = waiting;
    next = null; // an erasure from here on needs another rewrite
    waiting = 0;
    running = true;
    Future.<Void>succeededFuture()
        .compose(begun -> rewrite.get()) // fails where that throws
        .onComplete(
            done -> {
              running = false;
              if (done.succeeded()) rewritten(promise, erasures);
              else failed(promise, erasures, done.cause());
            });
  }

  private void rewritten(Promise<Void> promise, int erasures) {
    if (failure != null) log.info("The journal is rewritten, without erased shipments");
    failure = null;
    delay = backoff.toMillis();
    pending -= erasures;
    promise.complete();
    attempt();
  }

  private void failed(Promise<Void> promise, int erasures, Throwable cause) {
    var reason = String.valueOf(cause.getMessage());
    if (!reason.equals(failure)) {
      log.warn("The journal keeps rows of erased shipments until it can be rewritten. {}", reason);
    }
    failure = reason;
    waiting += erasures;
    if (stopped) {
      promise.tryFail(cause);
      return;
    }
    if (next == null) next = promise;
    else next.future().onComplete(promise);
    after(delay);
    delay = Math.min(2 * delay, LONGEST.toMillis());
  }

  private void after(long millis) {
    running = true;
    vertx.setTimer(
        millis,
        waited -> {
          running = false;
          attempt();
        });
  }
}
