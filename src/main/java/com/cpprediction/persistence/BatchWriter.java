package com.cpprediction.persistence;

import com.cpprediction.bus.Recorded;
import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.journal.Entry;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.postgres.SqlFailure;
import com.cpprediction.prediction.Failure;
import com.cpprediction.tracing.TraceStep;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Queues rows and writes them to the store in batches, in order. A row leaves the queue only once
 * stored or set aside: after a failure the writer pauses, notifies its {@link Listener}, and sends
 * the same rows again when {@linkplain #resume() resumed}. For use from one event loop, except
 * where a method says otherwise.
 *
 * <p>An idle writer sends at once. Rows that arrive while a batch is in flight form the next one;
 * acknowledged rows linger up to {@code persistence.linger_ms} to fill it. For a backlog up to
 * {@value #MAX_IN_FLIGHT} full batches are pipelined. Journaled rows that are handed over by
 * another thread wake the event loop only when it is idle or they fill a batch.
 */
final class BatchWriter {
  /** Notified of the store's health. */
  interface Listener {
    /** The store responded, possibly by rejecting a row. */
    void available();

    /** The store failed, and the writer has paused. */
    void unavailable(Throwable cause);
  }

  private static final class InFlightBatch {
    final List<PendingRow> pending;
    final List<JournalRow> rows;
    final long start = System.nanoTime();
    @Nullable Throwable failure; // once it failed

    InFlightBatch(List<PendingRow> pending) {
      this.pending = pending;
      rows = new ArrayList<>(pending.size());
      for (var row : pending) rows.add(row.read());
    }
  }

  /** The rows of a journal record, on their way to the queue. */
  private record Journaled(List<JournalRow> rows, Entry entry) {}

  private static final Logger log = LoggerFactory.getLogger(BatchWriter.class);

  /** Batches in flight for a backlog; more don't raise the throughput. */
  private static final int MAX_IN_FLIGHT = 4;

  /** Journaled rows kept decoded; of the rest the queue holds only the bytes. */
  private static final int MAX_DECODED = 2_000;

  private final Vertx vertx;
  private final Context loop;
  private final PredictionStore store;
  private final Supplier<PersistenceConfig> config;
  private final ServiceMetrics metrics;
  private final RowLedger ledger;
  private final Consumer<Collection<Entry>> trim;
  private final Listener listener;

  private final Deque<PendingRow> queue = new ArrayDeque<>();
  private final Deque<InFlightBatch> inFlight = new ArrayDeque<>(); // oldest first

  private final Queue<Journaled> handedOver = new ConcurrentLinkedQueue<>();
  private final AtomicInteger handedOverRows = new AtomicInteger();
  private final AtomicBoolean wakeScheduled = new AtomicBoolean();

  /** Whether nothing else will make the event loop take the rows that are handed over. */
  private volatile boolean idle = true;

  /** Sizes of the next batches while a rejected row is searched by bisection. */
  private final Deque<Integer> bisection = new ArrayDeque<>();

  private volatile int queued; // rows in the queue and in flight; read by other threads
  private volatile long oldest; // milliseconds since 1970, 0 for none
  private int acknowledged; // rows of queued
  private boolean paused = true;
  private int awaited; // batches without a result
  private boolean failing; // a batch failed; no other is sent until all have a result
  private long lingerTimer = -1; // timer
  private @Nullable Promise<Void> drained;

  /**
   * Creates a paused writer for the event loop of the caller's context.
   *
   * @param trim receives the journal entries whose rows are all settled
   */
  BatchWriter(
      Vertx vertx,
      PredictionStore store,
      Supplier<PersistenceConfig> config,
      ServiceMetrics metrics,
      RowLedger ledger,
      Consumer<Collection<Entry>> trim,
      Listener listener) {
    this.vertx = vertx;
    loop = vertx.getOrCreateContext();
    this.store = store;
    this.config = config;
    this.metrics = metrics;
    this.ledger = ledger;
    this.trim = trim;
    this.listener = listener;
  }

  /**
   * Queues all of {@code rows}, or none and fails with {@link Failure#OVERLOADED}.
   *
   * @param acknowledge whether the request is acknowledged now instead of when the rows are settled
   * @return completes once all rows are settled
   */
  Future<Recorded> add(List<JournalRow> rows, boolean acknowledge) {
    int capacity = config.get().queueCapacity();
    if (queued + rows.size() > capacity) {
      return Future.failedFuture(
          Failure.OVERLOADED.because(
              "%d predictions wait to be stored, of at most %d; try again later"
                  .formatted(queued, capacity)));
    }
    var request = new PendingRequest(rows.size());
    long now = System.currentTimeMillis();
    for (var row : rows) enqueue(new PendingRow(row, null, 0, request, acknowledge, now));
    count();
    if (acknowledge) ledger.acknowledged(rows.size(), acknowledged);
    sendNext(false);
    return request.future();
  }

  /**
   * Queues the rows of requests that are acknowledged because {@code entry} holds them.
   * Thread-safe.
   */
  void addJournaled(List<JournalRow> rows, Entry entry) {
    ledger.handedOver(rows.size());
    handedOver.add(new Journaled(rows, entry));
    int waiting = handedOverRows.addAndGet(rows.size());
    if (idle || waiting >= config.get().batchSize()) wake();
  }

  private void wake() {
    if (wakeScheduled.getAndSet(true)) return;
    loop.runOnContext(
        woken -> {
          wakeScheduled.set(false);
          sendNext(false);
        });
  }

  private void takeHandedOver() {
    int rows = 0;
    for (var next = handedOver.poll(); next != null; next = handedOver.poll()) {
      rows += enqueue(next.rows, next.entry);
    }
    if (rows == 0) return;
    count();
    handedOverRows.addAndGet(-rows);
    ledger.queued(rows, acknowledged);
  }

  /**
   * Queues the rows that an earlier process left in the journal.
   *
   * @return number of rows
   */
  int addRecovered(List<Entry> entries) {
    int rows = 0;
    for (var entry : entries) rows += enqueue(List.of(), entry);
    count();
    ledger.recovered(rows, acknowledged);
    sendNext(false);
    return rows;
  }

  /**
   * @param rows the decoded rows of {@code entry}, or empty
   */
  private int enqueue(List<JournalRow> rows, Entry entry) {
    var positions = RowFormat.rows(entry.body());
    var journaled = new JournaledRows(entry, positions.length);
    for (int i = 0; i < positions.length; i++) {
      var row = rows.isEmpty() || queue.size() >= MAX_DECODED ? null : rows.get(i);
      enqueue(new PendingRow(row, journaled, positions[i], null, true, entry.appendedAt()));
    }
    return positions.length;
  }

  /** Counts rows that are acknowledged but not kept. Thread-safe. */
  void countDropped(int rows) {
    ledger.dropped(rows);
  }

  private void enqueue(PendingRow pending) {
    queue.add(pending);
    if (pending.acknowledged()) acknowledged++;
  }

  private void count() {
    int rowsInFlight = 0;
    for (var batch : inFlight) rowsInFlight += batch.pending.size();
    queued = queue.size() + rowsInFlight;
    var first = inFlight.isEmpty() ? queue.peek() : inFlight.element().pending.get(0);
    oldest = first == null ? 0 : first.since();
  }

  /** Journal sequences of the records that aren't settled. */
  Set<Long> journaled() {
    takeHandedOver();
    var all = new HashSet<Long>();
    queue.forEach(pending -> add(pending, all));
    inFlight.forEach(batch -> batch.pending.forEach(pending -> add(pending, all)));
    return all;
  }

  private static void add(PendingRow pending, Set<Long> sequences) {
    if (pending.journaled() != null) sequences.add(pending.journaled().entry().sequence());
  }

  /** Number of rows not settled yet. Thread-safe. */
  int queued() {
    return queued + handedOverRows.get();
  }

  /** Age in seconds of the oldest row not settled yet, 0 when there is none. Thread-safe. */
  double oldestSeconds() {
    long since = oldest;
    return since == 0 ? 0 : Math.max(0, System.currentTimeMillis() - since) / 1e3;
  }

  /** Whether no row waits that was queued up to {@code millis} since 1970. */
  boolean settledUntil(long millis) {
    takeHandedOver();
    return queued == 0 || oldest > millis;
  }

  boolean hasBatchInFlight() {
    return awaited > 0;
  }

  boolean inFlightLongerThan(Duration limit) {
    return awaited > 0 && System.nanoTime() - inFlight.element().start > limit.toNanos();
  }

  /** Sends no further batch until resumed. */
  void pause() {
    paused = true;
    updateIdle();
  }

  /** Sends batches again. */
  void resume() {
    paused = false;
    takeHandedOver();
    if (queue.isEmpty()) listener.available();
    else sendNext(false);
  }

  /**
   * Sends all queued rows without lingering.
   *
   * @return number of rows left after {@code grace} at most
   */
  Future<Integer> drain(Duration grace) {
    drained = Promise.promise();
    takeHandedOver();
    if (queued == 0) drained.complete();
    else sendNext(false);
    return drained
        .future()
        .timeout(grace.toMillis(), TimeUnit.MILLISECONDS)
        .transform(rejected -> Future.succeededFuture(queued()));
  }

  /**
   * @param afterBatch whether a batch has just completed; the next rows may linger only then
   */
  private void sendNext(boolean afterBatch) {
    takeHandedOver();
    sendQueued(afterBatch);
    updateIdle();
  }

  private void updateIdle() {
    idle = paused || awaited == 0 && lingerTimer < 0;
    if (idle && !handedOver.isEmpty()) wake(); // handed over before
  }

  private void sendQueued(boolean afterBatch) {
    while (!paused && !failing && !queue.isEmpty() && awaited < maxInFlight()) {
      if (lingerTimer >= 0) {
        if (queue.size() < config.get().batchSize() && drained == null) return;
        vertx.cancelTimer(lingerTimer);
        lingerTimer = -1;
      }
      long wait = afterBatch ? lingerMillis() : 0;
      if (wait > 0) {
        lingerTimer =
            vertx.setTimer(
                wait,
                timer -> {
                  lingerTimer = -1;
                  sendNext(false);
                });
        return;
      }
      send();
    }
  }

  private int maxInFlight() {
    return bisection.isEmpty() && queue.size() >= config.get().batchSize() ? MAX_IN_FLIGHT : 1;
  }

  /** Milliseconds to wait for more rows before the next batch is sent. */
  private long lingerMillis() {
    var now = config.get();
    if (!queue.element().acknowledged() // its request waits
        || drained != null
        || !bisection.isEmpty()
        || queue.size() >= now.batchSize()) return 0;
    long waited = System.currentTimeMillis() - queue.element().since();
    return waited < 0 ? 0 : now.linger().toMillis() - waited; // negative: the clock was set back
  }

  private void send() {
    int size = bisection.isEmpty() ? config.get().batchSize() : bisection.element();
    var next = new ArrayList<PendingRow>(Math.min(size, queue.size()));
    while (next.size() < size && !queue.isEmpty()) next.add(queue.remove());
    var batch = new InFlightBatch(next);
    inFlight.add(batch);
    awaited++;
    var step = TraceStep.insert(batch.rows, JournalRow::id);
    store
        .insert(batch.rows)
        .onSuccess(
            inserted -> {
              step.end();
              onStored(batch, inserted);
            })
        .onFailure(
            failure -> {
              step.fail(SqlFailure.reason(failure));
              onFailure(batch, failure);
            });
  }

  private void onStored(InFlightBatch batch, PredictionStore.Inserted inserted) {
    metrics.flushed(batch.rows.size(), System.nanoTime() - batch.start);
    awaited--;
    bisection.poll();
    var taken = inserted.taken();
    if (!taken.isEmpty()) {
      log.warn(
          "{} predictions have the id of another shipment, stored before, first {}; they are set aside in prediction_rejects",
          taken.size(),
          batch.rows.get(Collections.min(taken)).id());
    }
    settle(batch, inserted.added(), i -> taken.contains(i) ? Settlement.TAKEN : Settlement.STORED);
    if (failing) handleFailures();
    else sendNext(true);
  }

  private void onFailure(InFlightBatch batch, Throwable failure) {
    awaited--;
    batch.failure = Objects.requireNonNull(failure);
    failing = true;
    handleFailures();
  }

  /** Requeues failed batches in order once no batch is in flight, or rejects a single row. */
  private void handleFailures() {
    if (awaited > 0) return;
    var first = inFlight.element();
    var outage =
        inFlight.stream()
            .map(batch -> batch.failure)
            .filter(failure -> SqlFailure.of(failure) != SqlFailure.ROW_REJECTED)
            .findFirst();
    if (outage.isEmpty() && first.rows.size() == 1) {
      for (var others = inFlight.descendingIterator(); others.hasNext(); ) {
        var other = others.next();
        if (other != first) requeue(other);
      }
      inFlight.clear();
      inFlight.add(first);
      reject(first);
      return;
    }
    for (var failed = inFlight.descendingIterator(); failed.hasNext(); ) requeue(failed.next());
    inFlight.clear();
    failing = false;
    count();
    if (outage.isPresent()) {
      unavailable(outage.get());
      return;
    }
    bisection.poll();
    bisection.push(first.rows.size() - first.rows.size() / 2);
    bisection.push(first.rows.size() / 2);
    listener.available();
    sendNext(false);
  }

  private void requeue(InFlightBatch batch) {
    for (int i = batch.pending.size() - 1; i >= 0; i--) queue.addFirst(batch.pending.get(i));
  }

  private void reject(InFlightBatch batch) {
    var row = batch.rows.get(0);
    var refusal = Objects.requireNonNull(batch.failure);
    awaited++;
    store
        .reject(row, refusal)
        .onSuccess(
            rejected -> {
              log.error(
                  "PostgreSQL refuses prediction {} (SQLSTATE {}); it is set aside in prediction_rejects",
                  row.id(),
                  SqlFailure.sqlState(refusal));
              refused(batch);
            })
        .onFailure(
            failure -> {
              if (SqlFailure.of(failure) != SqlFailure.ROW_REJECTED) {
                awaited--;
                requeue(batch);
                inFlight.clear();
                failing = false;
                unavailable(failure);
                return;
              }
              log.error(
                  "PostgreSQL refuses prediction {} (SQLSTATE {}), and to set it aside (SQLSTATE {}); it is not kept",
                  row.id(),
                  SqlFailure.sqlState(refusal),
                  SqlFailure.sqlState(failure));
              refused(batch);
            });
  }

  private void refused(InFlightBatch batch) {
    awaited--;
    failing = false;
    bisection.poll();
    settle(batch, 0, i -> Settlement.REFUSED);
    sendNext(true);
  }

  private void settle(InFlightBatch batch, int added, IntFunction<Settlement> settlementOf) {
    inFlight.remove(batch);
    int rows = batch.rows.size();
    var settlements = new Settlement[rows];
    var settledEntries = new ArrayList<Entry>();
    int early = 0;
    int refused = 0;
    int taken = 0;
    for (int i = 0; i < rows; i++) {
      settlements[i] = settlementOf.apply(i);
      if (settlements[i] == Settlement.REFUSED) refused++;
      if (settlements[i] == Settlement.TAKEN) taken++;
      var pending = batch.pending.get(i);
      if (pending.acknowledged()) early++;
      var journaled = pending.journaled();
      if (journaled != null && journaled.settle()) settledEntries.add(journaled.entry());
    }
    acknowledged -= early;
    count();
    ledger.settled(rows - refused - taken, added, refused, taken, rows - early, acknowledged);
    trim.accept(settledEntries);
    listener.available();
    for (int i = 0; i < rows; i++) {
      batch.pending.get(i).settle(batch.rows.get(i).id(), settlements[i]);
    }
    if (drained != null && queued == 0) drained.tryComplete();
  }

  private void unavailable(Throwable failure) {
    pause();
    listener.unavailable(failure);
  }
}
