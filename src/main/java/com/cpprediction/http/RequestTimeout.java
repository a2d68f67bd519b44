package com.cpprediction.http;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * One time limit for many operations. The idle timeout can't replace it: a caller that sends one
 * byte per second is never idle. Confined to one event loop.
 *
 * @param <T> timed operation, used as a hash key
 */
final class RequestTimeout<T> {
  private final Map<T, Long> started = new LinkedHashMap<>(); // oldest first
  private final long limitNanos;
  private final Consumer<T> onTimeout;
  private final LongSupplier nanoClock;

  /**
   * @param onTimeout called for each operation that exceeds {@code limit}
   */
  RequestTimeout(Duration limit, Consumer<T> onTimeout) {
    this(limit, onTimeout, System::nanoTime);
  }

  RequestTimeout(Duration limit, Consumer<T> onTimeout, LongSupplier nanoClock) {
    limitNanos = limit.toNanos();
    this.onTimeout = onTimeout;
    this.nanoClock = nanoClock;
  }

  /** Starts timing; an operation that is timed already starts anew. */
  void start(T timed) {
    started.remove(timed); // else a map in order of insertion keeps its place
    started.put(timed, nanoClock.getAsLong());
  }

  /** Stops timing; no effect on an operation that is not timed. */
  void cancel(T timed) {
    started.remove(timed);
  }

  /** Times out overdue operations; to be called periodically. */
  void expire() {
    long now = nanoClock.getAsLong();
    for (var oldest = started.entrySet().iterator(); oldest.hasNext(); ) {
      var entry = oldest.next();
      if (now - entry.getValue() < limitNanos) return;
      oldest.remove();
      onTimeout.accept(entry.getKey());
    }
  }

  /** Times out every operation. */
  void expireAll() {
    var all = List.copyOf(started.keySet());
    started.clear();
    all.forEach(onTimeout);
  }
}
