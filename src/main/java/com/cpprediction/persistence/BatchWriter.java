package com.cpprediction.persistence;

import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.RowOutcome;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bounded queue of rows and the one batch of them that is on its way to the store. Rows leave in
 * the order they came, and only once stored or set aside: after a failure the writer holds still,
 * tells its {@link Listener}, and sends the same rows again when {@linkplain #resume() resumed}. To
 * be used from one event loop.
 *
 * <p>An idle writer sends at once. What arrives while a batch is in flight goes with the next one;
 * where nobody waits for these rows ({@code ack=none}) they linger for company a little longer.
 */
final class BatchWriter {
  /** Hears how the store is. */
  interface Listener {
    /** It answered, if only to refuse a row. */
    void worked();

    /** It did not, and the writer holds still. */
    void failed(Throwable cause);
  }

  private record Row(Prediction prediction, Ticket ticket, long queuedAt) {}

  /** What one caller waits for: the fate of all its rows. */
  private static final class Ticket {
    private final Promise<List<UUID>> promise = Promise.promise();
    private final List<UUID> refused = new ArrayList<>();
    private int open;

    Ticket(int rows) {
      open = rows;
    }

    void settle(UUID id, boolean stored) {
      if (!stored) refused.add(id);
      if (--open == 0) promise.complete(List.copyOf(refused));
    }
  }

  private static final Logger log = LoggerFactory.getLogger(BatchWriter.class);

  private final Vertx vertx;
  private final PredictionStore store;
  private final Supplier<PersistenceConfig> config;
  private final ServiceMetrics metrics;
  private final Listener listener;

  private final Deque<Row> queue = new ArrayDeque<>();

  /** Sizes of the leading parts of the queue that hold a refused row, being narrowed down. */
  private final Deque<Integer> suspects = new ArrayDeque<>();

  private volatile int queued; // of the queue, for other threads
  private boolean held = true;
  private boolean writing;
  private long lingering = -1; // timer
  private Promise<Void> drained;

  /** A new writer holds still until {@link #resume() resumed}. */
  BatchWriter(
      Vertx vertx,
      PredictionStore store,
      Supplier<PersistenceConfig> config,
      ServiceMetrics metrics,
      Listener listener) {
    this.vertx = vertx;
    this.store = store;
    this.config = config;
    this.metrics = metrics;
    this.listener = listener;
  }

  /**
   * Queues all of {@code predictions} or, with {@link Failure#OVERLOADED}, none.
   *
   * @return completes once all are settled, with the ids of those that were refused
   */
  Future<List<UUID>> add(List<Prediction> predictions) {
    int capacity = config.get().queueCapacity();
    if (queued + predictions.size() > capacity) {
      return Future.failedFuture(
          Failure.OVERLOADED.because(
              "%d predictions wait to be stored, of at most %d; try again later"
                  .formatted(queued, capacity)));
    }
    var ticket = new Ticket(predictions.size());
    long now = System.nanoTime();
    for (var prediction : predictions) queue.add(new Row(prediction, ticket, now));
    queued = queue.size();
    sendNext(false);
    return ticket.promise.future();
  }

  /** Rows not settled yet; from any thread. */
  int queued() {
    return queued;
  }

  /** Whether a batch is in flight. */
  boolean writing() {
    return writing;
  }

  /** Sends nothing more until resumed; what is in flight is awaited. */
  void hold() {
    held = true;
  }

  /** The store may be tried again. */
  void resume() {
    held = false;
    if (queue.isEmpty()) listener.worked();
    else sendNext(false);
  }

  /**
   * Sends what is queued, lingering no more, for as long as {@code grace}.
   *
   * @return how many rows are left
   */
  Future<Integer> drain(Duration grace) {
    drained = Promise.promise();
    if (queue.isEmpty()) drained.complete();
    else sendNext(false);
    return drained
        .future()
        .timeout(grace.toMillis(), TimeUnit.MILLISECONDS)
        .transform(done -> Future.succeededFuture(queued));
  }

  /**
   * @param afterFlight whether a batch just came back, so that its followers may linger
   */
  private void sendNext(boolean afterFlight) {
    if (held || writing || queue.isEmpty()) return;
    if (lingering >= 0) {
      if (queue.size() < config.get().batchSize() && drained == null) return;
      vertx.cancelTimer(lingering);
      lingering = -1;
    }
    long wait = afterFlight ? linger() : 0;
    if (wait > 0) {
      lingering =
          vertx.setTimer(
              wait,
              timer -> {
                lingering = -1;
                sendNext(false);
              });
    } else {
      send();
    }
  }

  /** Milliseconds that the rows now queued should wait for company. */
  private long linger() {
    var now = config.get();
    if (now.ack() == PersistenceConfig.Ack.COMMIT // somebody waits for these
        || drained != null
        || !suspects.isEmpty()
        || queue.size() >= now.batchSize()) return 0;
    long waited = System.nanoTime() - queue.element().queuedAt();
    return now.linger().toMillis() - TimeUnit.NANOSECONDS.toMillis(waited);
  }

  private void send() {
    int size = suspects.isEmpty() ? config.get().batchSize() : suspects.element();
    var batch = new ArrayList<Row>(Math.min(size, queue.size()));
    for (var row : queue) {
      if (batch.size() == size) break;
      batch.add(row);
    }
    writing = true;
    long start = System.nanoTime();
    store
        .insert(batch.stream().map(Row::prediction).toList())
        .onSuccess(inserted -> stored(batch, inserted, System.nanoTime() - start))
        .onFailure(failure -> notStored(batch, failure));
  }

  private void stored(List<Row> batch, int inserted, long nanos) {
    metrics.flushed(batch.size(), nanos);
    metrics.rows(RowOutcome.STORED, inserted);
    metrics.rows(RowOutcome.DUPLICATE, batch.size() - inserted);
    settle(batch, true);
  }

  private void notStored(List<Row> batch, Throwable failure) {
    if (Trouble.of(failure) != Trouble.DATA) {
      failed(failure);
    } else if (batch.size() == 1) {
      reject(batch, failure);
    } else {
      suspects.poll();
      suspects.push(batch.size() - batch.size() / 2);
      suspects.push(batch.size() / 2);
      writing = false;
      listener.worked();
      sendNext(false);
    }
  }

  private void reject(List<Row> single, Throwable refusal) {
    var prediction = single.get(0).prediction();
    var id = prediction.request().id();
    store
        .reject(prediction, refusal)
        .onSuccess(
            done -> {
              log.error(
                  "PostgreSQL refuses prediction {} (SQLSTATE {}); it is set aside in prediction_rejects",
                  id,
                  Trouble.sqlState(refusal));
              refused(single);
            })
        .onFailure(
            failure -> {
              if (Trouble.of(failure) != Trouble.DATA) {
                failed(failure);
                return;
              }
              log.error(
                  "PostgreSQL refuses prediction {} (SQLSTATE {}), and to set it aside (SQLSTATE {}); it is not kept",
                  id,
                  Trouble.sqlState(refusal),
                  Trouble.sqlState(failure));
              refused(single);
            });
  }

  private void refused(List<Row> single) {
    metrics.rows(RowOutcome.REJECTED, 1);
    settle(single, false);
  }

  private void settle(List<Row> batch, boolean stored) {
    suspects.poll();
    for (int i = 0; i < batch.size(); i++) queue.remove();
    queued = queue.size();
    writing = false;
    listener.worked();
    for (var row : batch) row.ticket().settle(row.prediction().request().id(), stored);
    if (drained != null && queue.isEmpty()) drained.tryComplete();
    sendNext(true);
  }

  private void failed(Throwable failure) {
    writing = false;
    held = true;
    listener.failed(Objects.requireNonNull(failure));
  }
}
