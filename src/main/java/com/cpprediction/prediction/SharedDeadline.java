package com.cpprediction.prediction;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Until when anybody waits for something that several may wait for: the latest of their deadlines.
 * Thread-safe.
 */
public final class SharedDeadline {
  private final AtomicLong nanos;

  /** With one who waits. */
  public SharedDeadline(Deadline first) {
    nanos = new AtomicLong(first.nanos());
  }

  /** One more waits. */
  public void join(Deadline another) {
    nanos.accumulateAndGet(another.nanos(), (a, b) -> a - b < 0 ? b : a); // nanoTime may overflow
  }

  /** The latest deadline as of now. */
  public Deadline latest() {
    return new Deadline(nanos.get());
  }
}
