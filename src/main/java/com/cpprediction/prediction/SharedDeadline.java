package com.cpprediction.prediction;

import java.util.concurrent.atomic.AtomicLong;

/** The latest of the deadlines of several callers that wait for one result. Thread-safe. */
public final class SharedDeadline {
  private final AtomicLong nanos;

  public SharedDeadline(Deadline first) {
    nanos = new AtomicLong(first.nanos());
  }

  /** Adds a caller. */
  public void join(Deadline another) {
    nanos.accumulateAndGet(another.nanos(), (a, b) -> a - b < 0 ? b : a); // nanoTime may overflow
  }

  /** The latest deadline as of now. */
  public Deadline latest() {
    return new Deadline(nanos.get());
  }
}
