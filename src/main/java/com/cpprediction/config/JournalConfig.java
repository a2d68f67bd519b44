package com.cpprediction.config;

import java.time.Duration;

/** The journal in front of PostgreSQL. */
public record JournalConfig(int maxBytes, Duration sync) {
  /** Part of the heap for waiting rows, which take about as many bytes of it as of the journal. */
  private static final int HEAP_DIVISOR = 3;

  /** Bytes of rows that may wait in a process with {@code heap} bytes of heap at most. */
  public int room(long heap) {
    return (int) Math.min(maxBytes, heap / HEAP_DIVISOR);
  }
}
