package com.cpprediction.serving;

import com.cpprediction.bus.Bus;
import com.cpprediction.prediction.Deadline;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.List;
import java.util.Queue;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;

/**
 * Deals messages to this node's workers: each goes to an idle worker, and waits here while there is
 * none. Requests for a single address don't wait behind bulk: bulk comes in chunks, takes all
 * workers but one at most, and its callers take turns. Neither starves: while both wait, each gets
 * every other address.
 *
 * <p>The limit on shipments in flight bounds the queue. Confined to one event loop.
 */
public final class Dispatcher {
  /** Addresses in a message at most; scoring them takes some 10 ms. */
  public static final int CHUNK = 32;

  /**
   * Messages for single addresses that a worker has at a time, so that it need not wait for the
   * next.
   */
  private static final int AHEAD = 2;

  /** How often a worker that timed out is asked whether it has finished. */
  private static final Duration PROBE = Duration.ofSeconds(30);

  private final Vertx vertx;
  private final int[] load; // messages in flight, by worker
  private final BitSet bulky = new BitSet(); // workers that have a chunk
  private final int mostBulky;
  private final Queue<Lane> bulk = new ArrayDeque<>(); // that have work, in turn
  private final Lane singles = new Lane();
  private int servedSingly; // since the last chunk was sent
  private boolean dealing;

  /** The queued messages of one bulk request, or of all requests for a single address. */
  static final class Lane {
    private final Queue<Task<?>> tasks = new ArrayDeque<>();
  }

  private record Task<T>(BooleanSupplier late, IntFunction<Future<T>> send, Promise<T> result) {}

  /**
   * @param workers of this node
   * @param processors that run them: with more chunks at a time bulk would gain nothing
   */
  public Dispatcher(Vertx vertx, int workers, int processors) {
    this.vertx = vertx;
    load = new int[workers];
    mostBulky = Math.max(1, Math.min(workers - 1, processors));
  }

  /** The lane of all requests for one address, or one of its own for a request for more. */
  Lane lane(int addresses) {
    return addresses == 1 ? singles : new Lane();
  }

  /**
   * Sends a message once a worker is free.
   *
   * @param late whether its deadline is over; asked before it is sent
   * @param send sends it to the worker of this number; completes when that has finished
   */
  <T> Future<T> dispatch(Lane lane, BooleanSupplier late, IntFunction<Future<T>> send) {
    var task = new Task<>(late, send, Promise.<T>promise());
    if (lane.tasks.isEmpty() && lane != singles) bulk.add(lane);
    lane.tasks.add(task);
    deal();
    return task.result().future();
  }

  /** A message that fails at once re-enters here, and finds the loop running. */
  private void deal() {
    if (dealing) return;
    dealing = true;
    try {
      while (dealOne()) {} // each sends one message, or drops one
    } finally {
      dealing = false;
    }
  }

  private boolean dealOne() {
    int idle = worker(1);
    boolean chunk = !bulk.isEmpty() && bulky.cardinality() < mostBulky;
    boolean single = !singles.tasks.isEmpty();
    if (chunk && (!single || servedSingly >= CHUNK)) { // its turn; worth waiting for a worker
      return idle >= 0 ? sendChunk(idle) : dropLate();
    }
    int worker = idle >= 0 ? idle : worker(AHEAD);
    if (!single || worker < 0) return dropLate();
    servedSingly++;
    send(worker, singles.tasks.remove(), false);
    return true;
  }

  /**
   * Fails the messages at the head of each lane whose deadline is over: while all workers stall,
   * their callers give up and others are admitted.
   */
  private boolean dropLate() {
    dropLate(singles);
    for (var lane : List.copyOf(bulk)) {
      dropLate(lane);
      if (lane.tasks.isEmpty()) bulk.remove(lane);
    }
    return false;
  }

  private static void dropLate(Lane lane) {
    while (!lane.tasks.isEmpty() && lane.tasks.element().late().getAsBoolean()) {
      lane.tasks.remove().result().fail(Deadline.exceeded());
    }
  }

  private boolean sendChunk(int worker) {
    servedSingly = 0;
    var lane = bulk.remove();
    var task = lane.tasks.remove();
    if (!lane.tasks.isEmpty()) bulk.add(lane);
    send(worker, task, true);
    return true;
  }

  /** The worker with the fewest messages, less than {@code most} and no chunk; -1: none. */
  private int worker(int most) {
    int best = -1;
    for (int i = 0; i < load.length; i++) {
      if (load[i] < (best < 0 ? most : load[best]) && !bulky.get(i)) best = i;
    }
    return best;
  }

  private <T> void send(int worker, Task<T> task, boolean chunk) {
    if (task.late().getAsBoolean()) {
      task.result().fail(Deadline.exceeded());
      return;
    }
    load[worker]++;
    if (chunk) bulky.set(worker);
    Future.succeededFuture(worker)
        .compose(task.send()::apply)
        .onComplete(
            done -> {
              if (timedOut(done.cause())) probe(worker, chunk);
              else finished(worker, chunk);
              if (done.succeeded()) task.result().complete(done.result());
              else task.result().fail(done.cause());
            });
  }

  private void finished(int worker, boolean chunk) {
    load[worker]--;
    if (chunk) bulky.clear(worker);
    deal();
  }

  /**
   * A worker that timed out is still scoring: it gets no message until it says that it has
   * finished.
   */
  private void probe(int worker, boolean chunk) {
    vertx
        .eventBus()
        .request(
            Bus.score(worker),
            null,
            new DeliveryOptions().setLocalOnly(true).setSendTimeout(PROBE.toMillis()))
        .onComplete(
            done -> {
              if (timedOut(done.cause())) probe(worker, chunk);
              else finished(worker, chunk);
            });
  }

  private static boolean timedOut(Throwable cause) {
    return cause instanceof ReplyException e && e.failureType() == ReplyFailure.TIMEOUT;
  }
}
