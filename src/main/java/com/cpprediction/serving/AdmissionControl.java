package com.cpprediction.serving;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;

/**
 * Counts the requests of a node being served and the shipments in them, and limits the shipments.
 * Thread-safe: shared by its event loops.
 */
public final class AdmissionControl {
  private final IntSupplier limit;
  private final ServiceMetrics metrics;
  private final AtomicInteger shipments = new AtomicInteger();
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicInteger accepting;
  private final Queue<Waiter> forRoom = new ConcurrentLinkedQueue<>();
  private final Promise<Void> drained = Promise.promise();

  /**
   * A stream that waits for room.
   *
   * @param own the context of the stream
   */
  private record Waiter(Context own, Runnable resume) {}

  /**
   * @param limit shipments at most
   * @param loops event loops that accept requests
   */
  public AdmissionControl(IntSupplier limit, int loops, ServiceMetrics metrics) {
    this.limit = limit;
    accepting = new AtomicInteger(loops);
    this.metrics = metrics;
    metrics.inFlight(this::shipments);
  }

  /** Shipments being served. */
  public int shipments() {
    return shipments.get();
  }

  /** Shipments at most, as configured now. */
  public int limit() {
    return limit.getAsInt();
  }

  /**
   * Admits {@code count} shipments.
   *
   * @throws ServiceException {@link Failure#OVERLOADED}, or {@link Failure#TOO_LARGE} when the
   *     limit is lower than {@code count}
   */
  void admit(int count) {
    int most = limit();
    if (count > most) {
      throw Failure.TOO_LARGE.because(
          "More than prediction.max_in_flight, %d shipments; send smaller batches".formatted(most));
    }
    if (!reserve(count, most)) throw full(most);
  }

  /** Admits {@code count} more shipments of an admitted request, if there is room for all. */
  boolean admitFurther(int count) {
    return reserve(count, limit());
  }

  /** Never above {@code most}, not even for a moment: others would be refused meanwhile. */
  private boolean reserve(int count, int most) {
    for (int now = shipments.get(); now + count <= most; now = shipments.get()) {
      if (shipments.compareAndSet(now, now + count)) return true;
    }
    return false;
  }

  /**
   * Admits up to {@code wanted} shipments of a stream, using at most half of the limit; the other
   * half is reserved for requests that fail fast.
   *
   * @return 0 when there is no room; {@link #whenRoom} then says when to ask again
   */
  public int admitSome(int wanted) {
    while (true) {
      int now = shipments();
      int count = Math.max(0, Math.min(wanted, half() - now));
      if (count == 0 || shipments.compareAndSet(now, now + count)) return count;
    }
  }

  /**
   * Runs {@code resume} once, as soon as {@link #admitSome} may admit a shipment, never before this
   * returns.
   *
   * @param own where to run it
   */
  public void whenRoom(Context own, Runnable resume) {
    forRoom.add(new Waiter(own, resume));
    resumeNext(); // room that another event loop has made meanwhile
  }

  /** Takes {@code resume} off the list of those that wait. */
  public void withdraw(Runnable resume) {
    forRoom.removeIf(waiter -> waiter.resume() == resume);
  }

  private int half() {
    return Math.max(1, limit() / 2);
  }

  /**
   * Rejects a request before its body is read when not even one shipment would be admitted.
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

  /** The failure of a request that is rejected while the limit is {@code most} shipments. */
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

  /**
   * Resumes one stream after the other while there is room; one that was closed meanwhile takes
   * none.
   */
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

  /** A request begins whose shipments are not counted yet. */
  public void enter() {
    requests.incrementAndGet();
  }

  public void leave() {
    requests.decrementAndGet();
    settle();
  }

  /** Whether the service is draining, and nothing new should begin. */
  boolean draining() {
    return accepting.get() == 0;
  }

  /**
   * Completes once every event loop has called this and no request is in flight; to be called when
   * no new one can come to it.
   */
  public Future<Void> drained() {
    accepting.decrementAndGet();
    settle();
    return drained.future();
  }

  private void settle() {
    if (draining() && requests.get() == 0 && shipments.get() == 0) drained.tryComplete();
  }
}
