package com.cpprediction.config;

import java.time.Duration;

/**
 * The journal before PostgreSQL; all of it is read at start only.
 *
 * @param maxBytes bytes of rows that PostgreSQL has not taken yet at most,
 *     1,048,576..2,000,000,000; JSON: {@code journal.max_bytes}
 * @param sync it is forced to disk at least this often, 0..10,000 ms, 0 for before every answer;
 *     JSON: {@code journal.sync_ms}
 */
public record JournalConfig(int maxBytes, Duration sync) {
  static final JournalConfig DEFAULT = new JournalConfig(256 << 20, Duration.ofMillis(10));

  public JournalConfig {
    Check.range("journal.max_bytes", maxBytes, 1 << 20, 2_000_000_000);
    Check.range("journal.sync_ms", sync.toMillis(), 0, 10_000);
  }
}
