package com.cpprediction.serving;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;

/**
 * What is being answered now: how many requests, and how many shipments they hold, of which there
 * is a limit. Confined to one event loop, except for {@link #shipments()}.
 */
public final class AdmissionControl {
  private final IntSupplier limit;
  private final ServiceMetrics metrics;
  private final AtomicInteger shipments = new AtomicInteger();
  private final Queue<Waiter> forRoom = new ArrayDeque<>();
  private final Promise<Void> drained = Promise.promise();
  private int requests;
  private boolean draining;

  /**
   * Somebody who waits for room.
   *
   * @param own the context of what it works on
   */
  private record Waiter(Context own, Runnable resume) {}

  /**
   * @param limit shipments at most
   */
  public AdmissionControl(IntSupplier limit, ServiceMetrics metrics) {
    this.limit = limit;
    this.metrics = metrics;
    metrics.inFlight(this::shipments);
  }

  /** Shipments being answered. From any thread. */
  public int shipments() {
    return shipments.get();
  }

  /** Shipments at most, as configured now. */
  public int limit() {
    return limit.getAsInt();
  }

  /**
   * Lets {@code count} shipments in.
   *
   * @throws ServiceException {@link Failure#OVERLOADED}, or {@link Failure#TOO_LARGE} when so many
   *     will never be let in
   */
  void admit(int count) {
    int most = limit();
    if (count > most) {
      throw Failure.TOO_LARGE.because(
          "More than prediction.max_in_flight, %d shipments; send smaller batches".formatted(most));
    }
    if (shipments.addAndGet(count) > most) {
      release(count);
      throw full(most);
    }
  }

  /**
   * Lets in as many of {@code wanted} shipments as there is room for in the first half: the other
   * is left to those who would be refused and not wait.
   *
   * @return 0 when there is no room; {@link #whenRoom} then says when to ask again
   */
  public int admitSome(int wanted) {
    int count = Math.max(0, Math.min(wanted, half() - shipments()));
    shipments.addAndGet(count);
    return count;
  }

  /**
   * Runs {@code resume} once, as soon as {@link #admitSome} may let somebody in, never before this
   * returns.
   *
   * @param own where to run it; of this event loop
   */
  public void whenRoom(Context own, Runnable resume) {
    forRoom.add(new Waiter(own, resume));
  }

  /** Whoever would be told with {@code resume} waits no longer. */
  public void withdraw(Runnable resume) {
    forRoom.removeIf(waiter -> waiter.resume() == resume);
  }

  private int half() {
    return Math.max(1, limit() / 2);
  }

  /**
   * Lets nobody through when not even one shipment would be admitted: before the effort of reading.
   *
   * @throws ServiceException {@link Failure#OVERLOADED}
   */
  public void rejectIfFull() {
    int most = limit();
    if (shipments() >= most) throw full(most);
  }

  /** Whether {@link #rejectIfFull} would refuse every request. */
  public boolean full() {
    return shipments() >= limit();
  }

  /** What those are told who aren't let in while {@code most} shipments are. */
  public ServiceException fullOf(int most) {
    return Failure.OVERLOADED.because(
        "More than " + most + " shipments would be in flight; try again in a moment");
  }

  private ServiceException full(int most) {
    metrics.shed(Shed.IN_FLIGHT);
    return fullOf(most);
  }

  public void release(int count) {
    shipments.addAndGet(-count);
    settle();
    resumeNext();
  }

  /** One after the other as long as there is room: one that has left meanwhile takes none. */
  private void resumeNext() {
    if (shipments() >= half()) return;
    var next = forRoom.poll();
    if (next == null) return;
    next.own()
        .runOnContext(
            turn -> {
              next.resume().run();
              resumeNext();
            });
  }

  /** A request begins, of which nobody knows yet how many shipments it holds. */
  public void enter() {
    requests++;
  }

  public void leave() {
    requests--;
    settle();
  }

  /** Whether nothing new should begin. */
  boolean draining() {
    return draining;
  }

  /** Completes once nothing is being answered any more; to be asked when nothing new comes. */
  public Future<Void> drained() {
    draining = true;
    settle();
    return drained.future();
  }

  private void settle() {
    if (draining && requests == 0 && shipments.get() == 0) drained.tryComplete();
  }
}
