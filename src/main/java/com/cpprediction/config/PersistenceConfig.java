package com.cpprediction.config;

import java.time.Duration;
import java.util.Locale;

/**
 * @param ack when a request is answered; restart; JSON: {@code persistence.ack}
 * @param batchSize rows in one insert, 1..10,000; 1 switches batching off; hot; JSON: {@code
 *     persistence.batch_size}
 * @param linger longest a row waits for company while a batch is in flight, 0..10,000 ms; hot;
 *     JSON: {@code persistence.linger_ms}
 * @param queueCapacity rows waiting for PostgreSQL in memory at most, 1..10,000,000, unless {@code
 *     ack} is {@code journal}; hot; JSON: {@code persistence.queue_capacity}
 * @param whenFull what becomes of a row that can't be kept; hot; JSON: {@code
 *     persistence.when_full}
 * @param statementTimeout after this a statement's outcome counts as unknown and it is sent again,
 *     100..600,000 ms; hot; JSON: {@code persistence.statement_timeout_ms}
 * @param retentionDays months that ended longer ago are dropped, and outcomes reported longer ago,
 *     0..36,500, 0 keeps them all; hot; JSON: {@code persistence.retention_days}
 * @param outcomesWindowDays days whose outcomes make up the live accuracy, today included, in UTC,
 *     1..36,500; hot; JSON: {@code persistence.outcomes_window_days}
 */
public record PersistenceConfig(
    Ack ack,
    WhenFull whenFull,
    int batchSize,
    Duration linger,
    int queueCapacity,
    Duration statementTimeout,
    int retentionDays,
    int outcomesWindowDays) {
  /** When a request is answered. */
  public enum Ack {
    /** Once its row is in the journal, which survives the end of the process. */
    JOURNAL,
    /** Once PostgreSQL committed its row. */
    COMMIT,
    /** At once; a row still in memory is lost with the process. */
    NONE;

    static Ack of(String label) {
      for (var ack : values()) if (ack.label().equals(label)) return ack;
      throw new IllegalArgumentException("persistence.ack can't be \"" + label + "\"");
    }

    /** As written in the configuration. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What becomes of a row that can't be kept. */
  public enum WhenFull {
    /** Its request is refused. */
    REFUSE,
    /** Its request is answered, and it is counted. */
    DROP;

    static WhenFull of(String label) {
      for (var policy : values()) if (policy.label().equals(label)) return policy;
      throw new IllegalArgumentException("persistence.when_full can't be \"" + label + "\"");
    }

    /** As written in the configuration. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static final PersistenceConfig DEFAULT =
      new PersistenceConfig(
          Ack.JOURNAL,
          WhenFull.REFUSE,
          500,
          Duration.ofMillis(20),
          100_000,
          Duration.ofSeconds(5),
          0,
          30);

  public PersistenceConfig {
    Check.range("persistence.batch_size", batchSize, 1, 10_000);
    Check.range("persistence.linger_ms", linger.toMillis(), 0, 10_000);
    Check.range("persistence.queue_capacity", queueCapacity, 1, 10_000_000);
    Check.range("persistence.statement_timeout_ms", statementTimeout.toMillis(), 100, 600_000);
    Check.range("persistence.retention_days", retentionDays, 0, 36_500);
    Check.range("persistence.outcomes_window_days", outcomesWindowDays, 1, 36_500);
  }
}
