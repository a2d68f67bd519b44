package com.cpprediction.http;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Bytes of all requests and responses in flight on this node: bodies being received or served, and
 * responses not yet written. Thread-safe.
 */
final class ByteBudget {
  /** Largest small reservation, in bytes. */
  static final int SMALL = 64 * 1024;

  private static final int HEAP_DIVISOR = 16;
  private static final int MIN_CONFIGURED = 1024 * 1024; // one stream
  private static final int MIN_DEFAULT = 6 * 1024 * 1024; // the largest body and some small ones

  private final LongSupplier configured;
  private final ServiceMetrics metrics;
  private final AtomicLong used = new AtomicLong();

  /**
   * @param configured limit in bytes; 0 for a sixteenth of the heap
   */
  ByteBudget(LongSupplier configured, ServiceMetrics metrics) {
    this.configured = configured;
    this.metrics = metrics;
    metrics.pendingBytes(this::used);
  }

  /** Limit in bytes. */
  long limit() {
    long bytes = configured.getAsLong();
    if (bytes > 0) return Math.max(MIN_CONFIGURED, bytes);
    return Math.max(MIN_DEFAULT, Runtime.getRuntime().maxMemory() / HEAP_DIVISOR);
  }

  /** Largest single reservation in bytes. */
  long maxReservation() {
    long most = limit();
    return Math.max(Math.min(SMALL, most), most - most / 4);
  }

  long used() {
    return used.get();
  }

  /**
   * Reserves {@code bytes}. Large reservations leave the last quarter of the budget to small ones,
   * so that a few large bodies don't keep single shipments out.
   *
   * @throws ServiceException {@link Failure#OVERLOADED}
   */
  void reserve(long bytes) {
    long available = bytes > SMALL ? maxReservation() : limit();
    for (long now = used.get(); ; now = used.get()) {
      if (now + bytes > available) throw full();
      if (used.compareAndSet(now, now + bytes)) return;
    }
  }

  /** Counts {@code bytes} of a finished response, even beyond the limit. */
  void add(long bytes) {
    used.addAndGet(bytes);
  }

  void release(long bytes) {
    used.addAndGet(-bytes);
  }

  /**
   * Admission check for a response of unknown size.
   *
   * @throws ServiceException {@link Failure#OVERLOADED} when no budget is left
   */
  void rejectIfFull() {
    if (used.get() >= limit()) throw full();
  }

  private ServiceException full() {
    metrics.shed(Shed.BYTES);
    return Failure.OVERLOADED.because(
        "Too many bytes of requests and answers are under way; try again in a moment");
  }
}
