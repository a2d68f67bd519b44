package com.cpprediction.config;

import com.cpprediction.common.Labelled;
import java.time.Duration;

/** Storing predictions in PostgreSQL. */
public record PersistenceConfig(
    Ack ack,
    WhenFull whenFull,
    int batchSize,
    Duration linger,
    int queueCapacity,
    Duration statementTimeout,
    int retentionDays,
    int outcomesWindowDays,
    int historyDays) {
  /** The time of the response to a prediction request. */
  public enum Ack implements Labelled {
    /** Once its row is in the journal, which survives the end of the process. */
    JOURNAL,
    /** Once PostgreSQL committed its row. */
    COMMIT,
    /** At once; a row still in memory is lost with the process. */
    NONE
  }

  /** The fate of a row that can't be kept. */
  public enum WhenFull {
    /** Its request is refused. */
    REFUSE,
    /** Its request is served, and the row is counted as dropped. */
    DROP
  }
}
