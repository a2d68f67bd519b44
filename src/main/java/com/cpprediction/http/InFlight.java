package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;

/**
 * What is being answered now: how many requests, and how many shipments they hold, of which there
 * is a limit. Confined to one event loop, except for {@link #shipments()}.
 */
final class InFlight {
  private final IntSupplier limit;
  private final AtomicInteger shipments = new AtomicInteger();
  private final Promise<Void> drained = Promise.promise();
  private int requests;
  private boolean draining;

  /**
   * @param limit shipments at most
   */
  InFlight(IntSupplier limit) {
    this.limit = limit;
  }

  /** Shipments being answered. From any thread. */
  int shipments() {
    return shipments.get();
  }

  /** Shipments at most, as configured now. */
  int limit() {
    return limit.getAsInt();
  }

  /** Lets {@code count} shipments in, or fails with {@link Failure#OVERLOADED}. */
  void admit(int count) {
    if (shipments.addAndGet(count) > limit()) {
      release(count);
      throw Failure.OVERLOADED.because(
          "More than " + limit() + " shipments would be in flight; try again in a moment");
    }
  }

  void release(int count) {
    shipments.addAndGet(-count);
    settle();
  }

  /** A request begins, of which nobody knows yet how many shipments it holds. */
  void enter() {
    requests++;
  }

  void leave() {
    requests--;
    settle();
  }

  /** Whether nothing new should begin. */
  boolean draining() {
    return draining;
  }

  /** Completes once nothing is being answered any more; to be asked when nothing new comes. */
  Future<Void> drained() {
    draining = true;
    settle();
    return drained.future();
  }

  private void settle() {
    if (draining && requests == 0 && shipments.get() == 0) drained.tryComplete();
  }
}
