package com.cpprediction.persistence;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.postgres.Bisection;
import com.cpprediction.postgres.Bisection.Refused;
import com.cpprediction.postgres.SqlFailure;
import com.cpprediction.prediction.ShadowComparison;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores comparisons in batches, one after the other. They wait in memory while the database is
 * away, {@link #CAPACITY} at most; later ones are dropped and counted. A batch is retried until
 * PostgreSQL has it, without those that it refuses. For use from one event loop.
 */
final class ComparisonWriter {
  private static final Logger log = LoggerFactory.getLogger(ComparisonWriter.class);

  static final int CAPACITY = 20_000; // comparisons, half a kilobyte each
  private static final int BATCH = 500;
  private static final long RETRY_MILLIS = 1_000;

  private final Vertx vertx;
  private final Function<List<ShadowComparison>, Future<Void>> insert;
  private final BooleanSupplier databaseUp;
  private final ServiceMetrics metrics;
  private final Deque<ShadowComparison> waiting = new ArrayDeque<>();
  private boolean sending; // or waiting to retry
  private @Nullable Promise<Void> drained;

  /**
   * @param insert stores all of a list or nothing; idempotent
   */
  ComparisonWriter(
      Vertx vertx,
      Function<List<ShadowComparison>, Future<Void>> insert,
      BooleanSupplier databaseUp,
      ServiceMetrics metrics) {
    this.vertx = vertx;
    this.insert = insert;
    this.databaseUp = databaseUp;
    this.metrics = metrics;
  }

  /** Queues {@code comparisons}, as far as there is room. */
  void add(List<ShadowComparison> comparisons) {
    int room = Math.min(comparisons.size(), CAPACITY - waiting.size());
    waiting.addAll(comparisons.subList(0, room));
    if (room < comparisons.size()) metrics.comparisonsDropped(comparisons.size() - room);
    if (!sending) send();
  }

  private void send() {
    sending = false;
    if (waiting.isEmpty()) {
      if (drained != null) drained.tryComplete();
      return;
    }
    sending = true;
    if (!databaseUp.getAsBoolean()) {
      vertx.setTimer(RETRY_MILLIS, again -> send());
      return;
    }
    var batch = new ArrayList<ShadowComparison>(Math.min(BATCH, waiting.size()));
    for (var comparison : waiting) {
      batch.add(comparison);
      if (batch.size() == BATCH) break;
    }
    Bisection.store(batch, insert)
        .onSuccess(refused -> stored(batch.size(), refused))
        .onFailure(cause -> vertx.setTimer(RETRY_MILLIS, again -> send()));
  }

  private void stored(int count, List<Refused<ShadowComparison>> refused) {
    for (var one : refused) {
      log.error(
          "PostgreSQL refuses the comparison of prediction {} (SQLSTATE {}); it is not kept",
          one.row().id(),
          SqlFailure.sqlState(one.cause()));
    }
    metrics.comparisonsStored(count - refused.size());
    if (!refused.isEmpty()) metrics.comparisonsDropped(refused.size());
    remove(count);
    send();
  }

  private void remove(int count) {
    for (int i = 0; i < count; i++) waiting.remove();
  }

  /** Completes once all are stored, or {@code grace} is over; those left are dropped then. */
  Future<Void> drain(Duration grace) {
    var done = Promise.<Void>promise();
    drained = done;
    if (!sending) send();
    return done.future()
        .timeout(grace.toMillis(), TimeUnit.MILLISECONDS)
        .transform(
            (stored, late) -> {
              if (!waiting.isEmpty()) {
                metrics.comparisonsDropped(waiting.size());
                log.warn("{} comparisons were not stored before the stop", waiting.size());
              }
              return Future.succeededFuture();
            });
  }
}
