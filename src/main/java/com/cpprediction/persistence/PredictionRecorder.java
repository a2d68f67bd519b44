package com.cpprediction.persistence;

import com.cpprediction.bus.RecordBatch;
import com.cpprediction.bus.RecordReply;
import com.cpprediction.bus.RecordRequest;
import com.cpprediction.bus.Recorded;
import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.config.PersistenceConfig.WhenFull;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the predictions of requests as {@code persistence.ack} promises, and refuses reused ids.
 * For use from one context; thread-safe where it journals.
 */
final class PredictionRecorder {
  private static final Logger log = LoggerFactory.getLogger(PredictionRecorder.class);

  private static final int ROWS_OF_A_RECORD = 1_000;
  private static final int ONE_REQUEST = 1;

  /** Requests whose rows are kept together. */
  private static final class Group {
    final List<JournalRow> rows = new ArrayList<>();
    final List<Claimed> requests = new ArrayList<>();
  }

  /**
   * A request whose ids are claimed.
   *
   * @param rows number of its rows to keep
   * @param taken ids that belong to another shipment
   */
  private record Claimed(int rows, List<UUID> taken) {}

  private final Function<List<JournalRow>, Future<Recorded>> store;
  private final int rowsTogether;
  private final Supplier<PersistenceConfig> config;
  private final RecentIds recent;
  private final BatchWriter writer;

  private PredictionRecorder(
      Function<List<JournalRow>, Future<Recorded>> store,
      int rowsTogether,
      Supplier<PersistenceConfig> config,
      RecentIds recent,
      BatchWriter writer) {
    this.store = store;
    this.rowsTogether = rowsTogether;
    this.config = config;
    this.recent = recent;
    this.writer = writer;
  }

  /** Journals the rows of a batch together. */
  static PredictionRecorder journaling(
      JournalAppender journal,
      Supplier<PersistenceConfig> config,
      RecentIds recent,
      BatchWriter writer) {
    return new PredictionRecorder(
        rows -> journal.append(rows).map(Recorded.ALL), ROWS_OF_A_RECORD, config, recent, writer);
  }

  /** Completes once the rows of a batch are stored in PostgreSQL. */
  static PredictionRecorder committing(
      Supplier<PersistenceConfig> config, RecentIds recent, BatchWriter writer) {
    return new PredictionRecorder(
        rows -> writer.add(rows, false), ONE_REQUEST, config, recent, writer);
  }

  /** Completes at once. */
  static PredictionRecorder queueing(
      Supplier<PersistenceConfig> config, RecentIds recent, BatchWriter writer) {
    return new PredictionRecorder(
        rows -> {
          var stored = writer.add(rows, true);
          return stored.failed() ? stored : Future.succeededFuture(Recorded.ALL);
        },
        ONE_REQUEST,
        config,
        recent,
        writer);
  }

  /**
   * Completes once the predictions are kept or refused. A request fails with {@link
   * Failure#OVERLOADED} when the journal or the queue is full and {@code persistence.when_full} is
   * {@code refuse}.
   */
  Future<RecordReply> record(RecordBatch batch) {
    var kept = new ArrayList<Future<List<Recorded>>>();
    var group = new Group();
    for (var request : batch.requests()) {
      if (group.rows.size() >= rowsTogether) {
        kept.add(keep(group));
        group = new Group();
      }
      group.requests.add(claim(request, group.rows));
    }
    kept.add(keep(group));
    if (kept.size() == 1) return kept.get(0).map(RecordReply::new);
    return Future.join(kept)
        .map(done -> new RecordReply(kept.stream().flatMap(all -> all.result().stream()).toList()));
  }

  private Claimed claim(RecordRequest request, List<JournalRow> rows) {
    int before = rows.size();
    var taken = new ArrayList<UUID>(0);
    for (var prediction : request.predictions()) {
      var asked = prediction.request();
      if (recent.claim(asked.id(), asked.address().digest(asked.shipmentId()))) {
        rows.add(PredictionRow.of(prediction));
      } else {
        taken.add(asked.id());
      }
    }
    // Their ids are not claimed: the shipment may come again with its pincode and the same id.
    for (var refusal : request.refusals()) rows.add(new RefusalRow(refusal));
    return new Claimed(rows.size() - before, taken);
  }

  /** Results in the order of the requests; doesn't fail. */
  private Future<List<Recorded>> keep(Group group) {
    var kept =
        group.rows.isEmpty()
            ? Future.succeededFuture(Recorded.ALL)
            : Future.succeededFuture(group.rows)
                .compose(this::store)
                .otherwise(cause -> unforeseen(group.rows.size(), cause));
    return kept.map(
        result -> {
          var results = new ArrayList<Recorded>(group.requests.size());
          for (var request : group.requests) {
            results.add((request.rows > 0 ? result : Recorded.ALL).and(request.taken));
          }
          return results;
        });
  }

  private static Recorded unforeseen(int rows, Throwable cause) {
    log.error("Cannot keep {} predictions", rows, cause);
    return Recorded.failed(Failure.INTERNAL.because("The prediction could not be stored"));
  }

  private Future<Recorded> store(List<JournalRow> rows) {
    return store
        .apply(rows)
        .recover(
            cause -> {
              if (!(cause instanceof ServiceException failure)) return Future.failedFuture(cause);
              if (failure.failure() != Failure.OVERLOADED
                  || config.get().whenFull() != WhenFull.DROP) {
                return Future.succeededFuture(Recorded.failed(failure));
              }
              writer.countDropped(rows.size());
              return Future.succeededFuture(Recorded.ALL);
            });
  }
}
