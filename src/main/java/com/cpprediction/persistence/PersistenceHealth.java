package com.cpprediction.persistence;

import com.cpprediction.config.PersistenceConfig.Ack;
import io.vertx.core.json.JsonObject;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Renders the state of the database, the rows and the journal as JSON. Thread-safe. */
final class PersistenceHealth {
  private final Ack ack;
  private final DatabaseWatch watch;
  private final Schema schema;
  private final BatchWriter writer;
  private final RowLedger ledger;
  private final ComparisonWriter comparisons;
  private final Supplier<@Nullable JournalAppender> journal;

  /**
   * @param journal returns its appender, where there is a journal
   */
  PersistenceHealth(
      Ack ack,
      DatabaseWatch watch,
      Schema schema,
      BatchWriter writer,
      RowLedger ledger,
      ComparisonWriter comparisons,
      Supplier<@Nullable JournalAppender> journal) {
    this.ack = ack;
    this.watch = watch;
    this.schema = schema;
    this.writer = writer;
    this.ledger = ledger;
    this.comparisons = comparisons;
    this.journal = journal;
  }

  /** As {@link PersistenceVerticle#database()}. */
  JsonObject database() {
    var status = watch.status();
    var health =
        new JsonObject()
            .put("status", status.up() ? "up" : "down")
            .put("since", status.since().toString())
            .put("clock_skew_seconds", schema.skew().toMillis() / 1e3)
            .put("stray_rows", schema.stray());
    return status.up()
        ? health
        : health.put("reason", status.reason()).put("error", status.detail());
  }

  /** As {@link PersistenceVerticle#degraded()}. */
  Optional<String> degraded() {
    var status = watch.status();
    if (status.up()) {
      return schema.isSkewed()
          ? Optional.of(
              "The clocks of this node and PostgreSQL differ by over an hour; no old predictions are dropped")
          : Optional.empty();
    }
    var consequence =
        switch (ack) {
          case JOURNAL -> "predictions wait in the journal";
          case COMMIT -> "no prediction is answered";
          case NONE -> "predictions wait in memory";
        };
    return Optional.of("%s; %s".formatted(status.headline(), consequence));
  }

  /** As {@link PersistenceVerticle#health()}. */
  JsonObject rows() {
    var balance = ledger.balance();
    var health =
        new JsonObject()
            .put("ack", ack.label())
            .put("queued", writer.queued())
            .put("oldest_seconds", writer.oldestSeconds())
            .put("recovered", balance.recovered())
            .put("acknowledged", balance.acknowledged())
            .put("stored", balance.stored())
            .put("waiting", balance.waiting())
            .put("rejected", balance.rejected())
            .put("dropped", balance.dropped())
            .put("balanced", balance.balanced())
            .put("comparisons", comparisons.waiting());
    var appender = journal.get();
    if (appender == null) return health;
    var journaled =
        new JsonObject()
            .put("directory", appender.directory().toString())
            .put("bytes", appender.waitingBytes())
            .put("max_bytes", appender.room());
    var failure = appender.failure();
    if (failure != null) journaled.put("error", failure);
    return health.put("journal", journaled);
  }
}
