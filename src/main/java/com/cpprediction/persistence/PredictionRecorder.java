package com.cpprediction.persistence;

import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.config.PersistenceConfig.Ack;
import com.cpprediction.config.PersistenceConfig.WhenFull;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the predictions of a request as {@code persistence.ack} promises, and refuses a reused id.
 * For use from one event loop.
 */
final class PredictionRecorder {
  private final Ack ack;
  private final Supplier<PersistenceConfig> config;
  private final RecentIds recent;
  private final BatchWriter writer;
  private final Supplier<@Nullable JournalAppender> journal;

  /**
   * @param journal returns an appender when {@code ack} is {@code journal}
   */
  PredictionRecorder(
      Ack ack,
      Supplier<PersistenceConfig> config,
      RecentIds recent,
      BatchWriter writer,
      Supplier<@Nullable JournalAppender> journal) {
    this.ack = ack;
    this.config = config;
    this.recent = recent;
    this.writer = writer;
    this.journal = journal;
  }

  /**
   * Completes once the predictions are kept. Fails with {@link Failure#OVERLOADED} when the journal
   * or the queue is full and {@code persistence.when_full} is {@code refuse}.
   */
  Future<Unstored> record(List<Prediction> predictions) {
    var rows = new ArrayList<PredictionRow>();
    var taken = new ArrayList<UUID>();
    for (var prediction : predictions) {
      var request = prediction.request();
      if (recent.claim(request.id(), request.address().digest(request.shipmentId()))) {
        rows.add(PredictionRow.of(prediction));
      } else {
        taken.add(request.id());
      }
    }
    var kept = rows.isEmpty() ? Future.succeededFuture(Unstored.NONE) : keep(rows);
    return kept.recover(cause -> dropIfConfigured(rows, cause))
        .map(unstored -> unstored.and(taken));
  }

  private Future<Unstored> keep(List<PredictionRow> rows) {
    return switch (ack) {
      case JOURNAL -> Objects.requireNonNull(journal.get()).append(rows).map(Unstored.NONE);
      case COMMIT -> writer.add(rows, false);
      case NONE -> {
        var stored = writer.add(rows, true);
        yield stored.failed() ? stored : Future.succeededFuture(Unstored.NONE);
      }
    };
  }

  private Future<Unstored> dropIfConfigured(List<PredictionRow> rows, Throwable cause) {
    boolean full = cause instanceof ServiceException e && e.failure() == Failure.OVERLOADED;
    if (!full || config.get().whenFull() != WhenFull.DROP) return Future.failedFuture(cause);
    writer.countDropped(rows.size());
    return Future.succeededFuture(Unstored.NONE);
  }
}
