package com.cpprediction.config;

import java.time.Duration;

/** The journal in front of PostgreSQL. */
public record JournalConfig(int maxBytes, Duration sync) {
  /**
   * Part of the heap for waiting rows. They take about twice as many bytes of it as of the journal:
   * with 128 MB the process ended at 48 MB of rows (November 2026).
   */
  private static final int HEAP_DIVISOR = 4;

  /** Bytes of rows that may wait in a process with {@code heap} bytes of heap at most. */
  public int room(long heap) {
    return (int) Math.min(maxBytes, heap / HEAP_DIVISOR);
  }
}
