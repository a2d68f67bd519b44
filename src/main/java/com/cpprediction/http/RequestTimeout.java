package com.cpprediction.http;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Ends what takes too long: the idle timeout never meets a caller that sends a byte a second.
 * Confined to one event loop.
 *
 * @param <T> what is timed, by identity or as it equals
 */
final class RequestTimeout<T> {
  private final Map<T, Long> begun = new LinkedHashMap<>(); // oldest first
  private final long limitNanos;
  private final Consumer<T> ended;

  /**
   * @param ended what is done to that which takes longer
   */
  RequestTimeout(Duration limit, Consumer<T> ended) {
    limitNanos = limit.toNanos();
    this.ended = ended;
  }

  void begin(T timed) {
    begun.put(timed, System.nanoTime());
  }

  /** Ends well; nothing happens when it is not timed. */
  void done(T timed) {
    begun.remove(timed);
  }

  /** Ends what has taken too long; to be called again and again. */
  void sweep() {
    long now = System.nanoTime();
    for (var oldest = begun.entrySet().iterator(); oldest.hasNext(); ) {
      var entry = oldest.next();
      if (now - entry.getValue() < limitNanos) return;
      oldest.remove();
      ended.accept(entry.getKey());
    }
  }

  /** Ends all of it. */
  void sweepAll() {
    var all = List.copyOf(begun.keySet());
    begun.clear();
    all.forEach(ended);
  }
}
