package com.cpprediction.http;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Bytes of all requests and answers under way on this node, together: bodies that come or are being
 * answered, and answers that were not read yet. Thread-safe.
 */
final class ByteBudget {
  /** Bytes of a reservation that still counts as small. */
  static final int SMALL = 64 * 1024;

  private static final int HEAP_SHARE = 16;
  private static final int FLOOR = 1024 * 1024; // for a stream
  private static final int LEAST = 6 * 1024 * 1024; // for the largest body beside small ones

  private final LongSupplier configured;
  private final ServiceMetrics metrics;
  private final AtomicLong used = new AtomicLong();

  /**
   * @param configured bytes at most; 0 for a sixteenth of the heap
   */
  ByteBudget(LongSupplier configured, ServiceMetrics metrics) {
    this.configured = configured;
    this.metrics = metrics;
    metrics.pendingBytes(this::used);
  }

  /** Bytes at most. */
  long limit() {
    long bytes = configured.getAsLong();
    if (bytes > 0) return Math.max(FLOOR, bytes);
    return Math.max(LEAST, Runtime.getRuntime().maxMemory() / HEAP_SHARE);
  }

  /** Bytes of one reservation at most. */
  long largest() {
    long most = limit();
    return Math.max(Math.min(SMALL, most), most - most / 4);
  }

  long used() {
    return used.get();
  }

  /**
   * Takes {@code bytes} for something that may be refused. What is large leaves the last quarter to
   * what is small, so that a few callers that announce much don't keep single shipments out.
   *
   * @throws ServiceException {@link Failure#OVERLOADED}
   */
  void reserve(long bytes) {
    long room = bytes > SMALL ? largest() : limit();
    for (long now = used.get(); ; now = used.get()) {
      if (now + bytes > room) throw full();
      if (used.compareAndSet(now, now + bytes)) return;
    }
  }

  /** Takes {@code bytes} for an answer that was made already, even if they are too many. */
  void add(long bytes) {
    used.addAndGet(bytes);
  }

  void release(long bytes) {
    used.addAndGet(-bytes);
  }

  /**
   * Begins no answer of unknown size when there is no room.
   *
   * @throws ServiceException {@link Failure#OVERLOADED}
   */
  void check() {
    if (used.get() >= limit()) throw full();
  }

  private ServiceException full() {
    metrics.shed(Shed.BYTES);
    return Failure.OVERLOADED.because(
        "Too many bytes of requests and answers are under way; try again in a moment");
  }
}
