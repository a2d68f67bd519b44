package com.cpprediction.persistence;

import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.journal.Entry;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.postgres.SqlFailure;
import com.cpprediction.prediction.Failure;
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
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rows that wait for the store and the batches of them that are on their way. Rows leave in the
 * order they came, and only once stored or set aside: after a failure the writer holds still, tells
 * its {@link Listener}, and sends the same rows again when {@linkplain #resume() resumed}. To be
 * used from one event loop.
 *
 * <p>An idle writer sends at once. What arrives while a batch is in flight goes with the next one;
 * where nobody waits for these rows they linger for company a little longer. Of a backlog several
 * full batches are in flight, one behind the other.
 */
final class BatchWriter {
  /** Hears how the store is. */
  interface Listener {
    /** It answered, if only to refuse a row. */
    void worked();

    /** It did not, and the writer holds still. */
    void failed(Throwable cause);
  }

  /**
   * A row in the queue.
   *
   * @param row null for one that is read from its record when it goes, which is smaller
   * @param journaled null for one that isn't in the journal
   * @param at where it is in its record
   * @param request null when nobody waits for it
   * @param acknowledged whether its request was answered
   * @param since milliseconds since 1970
   */
  private record PendingRow(
      PredictionRow row,
      JournaledRows journaled,
      int at,
      PendingRequest request,
      boolean acknowledged,
      long since) {
    PredictionRow read() {
      return row != null ? row : RowFormat.read(journaled.entry().body(), at);
    }

    void settle(UUID id, Fate fate) {
      if (request != null) request.settle(id, fate);
    }
  }

  /** What becomes of a row. */
  private enum Fate {
    /** As it is now, or before. */
    STORED,
    /** Set aside, since PostgreSQL refuses it. */
    REFUSED,
    /** Set aside, since its id is another shipment's. */
    TAKEN
  }

  /** What one caller waits for: the fate of all its rows. */
  private static final class PendingRequest {
    private final Promise<Unstored> promise = Promise.promise();
    private final List<UUID> refused = new ArrayList<>();
    private final List<UUID> taken = new ArrayList<>();
    private int open;

    PendingRequest(int rows) {
      open = rows;
    }

    void settle(UUID id, Fate fate) {
      if (fate == Fate.REFUSED) refused.add(id);
      if (fate == Fate.TAKEN) taken.add(id);
      if (--open == 0) promise.complete(new Unstored(List.copyOf(refused), List.copyOf(taken)));
    }
  }

  /** A batch on its way. */
  private static final class InFlightBatch {
    final List<PendingRow> pending;
    final List<PredictionRow> rows;
    final long start = System.nanoTime();
    Throwable failure;

    InFlightBatch(List<PendingRow> pending) {
      this.pending = pending;
      rows = pending.stream().map(PendingRow::read).toList();
    }
  }

  private static final Logger log = LoggerFactory.getLogger(BatchWriter.class);

  /** Batches in flight of a backlog: more than this gains nothing. */
  private static final int WINDOW = 4;

  /** Journaled rows kept as they are; of more only the bytes are. */
  private static final int READY = 2_000;

  private final Vertx vertx;
  private final PredictionStore store;
  private final Supplier<PersistenceConfig> config;
  private final ServiceMetrics metrics;
  private final RowLedger ledger;
  private final Consumer<Collection<Entry>> trim;
  private final Listener listener;

  private final Deque<PendingRow> queue = new ArrayDeque<>();
  private final Deque<InFlightBatch> inFlight = new ArrayDeque<>(); // oldest first

  /** Sizes of the leading parts of the queue that hold a refused row, being narrowed down. */
  private final Deque<Integer> bisection = new ArrayDeque<>();

  private volatile int queued; // of the queue and the flights, for other threads
  private volatile long oldest; // milliseconds since 1970, 0 for none
  private int acknowledged; // of the queued
  private boolean paused = true;
  private int unsettled;
  private boolean failing;
  private long lingering = -1; // timer
  private Promise<Void> drained;

  /**
   * A new writer holds still until {@link #resume() resumed}.
   *
   * @param trim hears of the journal's entries that are settled
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
    this.store = store;
    this.config = config;
    this.metrics = metrics;
    this.ledger = ledger;
    this.trim = trim;
    this.listener = listener;
  }

  /**
   * Queues all of {@code rows} or, with {@link Failure#OVERLOADED}, none.
   *
   * @param answered whether their request is answered now rather than once they are settled
   * @return completes once all are settled
   */
  Future<Unstored> add(List<PredictionRow> rows, boolean answered) {
    int capacity = config.get().queueCapacity();
    if (queued + rows.size() > capacity) {
      return Future.failedFuture(
          Failure.OVERLOADED.because(
              "%d predictions wait to be stored, of at most %d; try again later"
                  .formatted(queued, capacity)));
    }
    var request = new PendingRequest(rows.size());
    long now = System.currentTimeMillis();
    for (var row : rows) enqueue(new PendingRow(row, null, 0, request, answered, now));
    if (answered) ledger.acknowledged(rows.size(), acknowledged);
    sendNext(false);
    return request.promise.future();
  }

  /** Queues the rows of a request, which {@code entry} holds, and which is answered now. */
  void addJournaled(List<PredictionRow> rows, Entry entry) {
    enqueue(rows, entry);
    ledger.acknowledged(rows.size(), acknowledged);
    sendNext(false);
  }

  /**
   * Queues what a process before left in the journal.
   *
   * @return how many rows
   */
  int addRecovered(List<Entry> entries) {
    int rows = 0;
    for (var entry : entries) rows += enqueue(List.of(), entry);
    ledger.recovered(rows, acknowledged);
    sendNext(false);
    return rows;
  }

  /**
   * @param rows of {@code entry}, or none when they aren't at hand
   */
  private int enqueue(List<PredictionRow> rows, Entry entry) {
    var positions = RowFormat.rows(entry.body());
    var journaled = new JournaledRows(entry, positions.length);
    for (int i = 0; i < positions.length; i++) {
      var row = rows.isEmpty() || queue.size() >= READY ? null : rows.get(i);
      enqueue(new PendingRow(row, journaled, positions[i], null, true, entry.appendedAt()));
    }
    return positions.length;
  }

  /** Takes note of rows that can't be kept although their request is answered. */
  void drop(int rows) {
    ledger.dropped(rows, acknowledged);
  }

  private void enqueue(PendingRow pending) {
    queue.add(pending);
    if (pending.acknowledged()) acknowledged++;
    count();
  }

  private void count() {
    int rowsInFlight = 0;
    for (var batch : inFlight) rowsInFlight += batch.pending.size();
    queued = queue.size() + rowsInFlight;
    var first = inFlight.isEmpty() ? queue.peek() : inFlight.element().pending.get(0);
    oldest = first == null ? 0 : first.since();
  }

  /** Sequences in the journal of the records not settled yet. */
  Set<Long> journaled() {
    var all = new HashSet<Long>();
    queue.forEach(pending -> add(pending, all));
    inFlight.forEach(batch -> batch.pending.forEach(pending -> add(pending, all)));
    return all;
  }

  private static void add(PendingRow pending, Set<Long> sequences) {
    if (pending.journaled() != null) sequences.add(pending.journaled().entry().sequence());
  }

  /** Rows not settled yet; from any thread. */
  int queued() {
    return queued;
  }

  /** Seconds since the oldest row not settled yet was kept, 0 when there is none; any thread. */
  double oldestSeconds() {
    long since = oldest;
    return since == 0 ? 0 : Math.max(0, System.currentTimeMillis() - since) / 1e3;
  }

  /** Whether a batch is in flight. */
  boolean writing() {
    return unsettled > 0;
  }

  /** Whether a batch has been in flight for longer than {@code limit}. */
  boolean waitsLongerThan(Duration limit) {
    return unsettled > 0 && System.nanoTime() - inFlight.element().start > limit.toNanos();
  }

  /** Sends nothing more until resumed; what is in flight is awaited. */
  void hold() {
    paused = true;
  }

  /** The store may be tried again. */
  void resume() {
    paused = false;
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
    if (queued == 0) drained.complete();
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
    while (!paused && !failing && !queue.isEmpty() && unsettled < window()) {
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
        return;
      }
      send();
    }
  }

  private int window() {
    return bisection.isEmpty() && queue.size() >= config.get().batchSize() ? WINDOW : 1;
  }

  /** Milliseconds that the rows now queued should wait for company. */
  private long linger() {
    var now = config.get();
    if (!queue.element().acknowledged() // somebody waits for these
        || drained != null
        || !bisection.isEmpty()
        || queue.size() >= now.batchSize()) return 0;
    long waited = System.currentTimeMillis() - queue.element().since();
    return waited < 0 ? 0 : now.linger().toMillis() - waited; // less than 0: the clock was set back
  }

  private void send() {
    int size = bisection.isEmpty() ? config.get().batchSize() : bisection.element();
    var next = new ArrayList<PendingRow>(Math.min(size, queue.size()));
    while (next.size() < size && !queue.isEmpty()) next.add(queue.remove());
    var batch = new InFlightBatch(next);
    inFlight.add(batch);
    unsettled++;
    store
        .insert(batch.rows)
        .onSuccess(inserted -> stored(batch, inserted))
        .onFailure(failure -> notStored(batch, failure));
  }

  private void stored(InFlightBatch batch, PredictionStore.Inserted inserted) {
    metrics.flushed(batch.rows.size(), System.nanoTime() - batch.start);
    unsettled--;
    bisection.poll();
    var taken = inserted.taken();
    if (!taken.isEmpty()) {
      log.warn(
          "{} predictions have the id of another shipment, stored before, first {}; they are set aside in prediction_rejects",
          taken.size(),
          batch.rows.get(Collections.min(taken)).id());
    }
    settle(batch, inserted.added(), i -> taken.contains(i) ? Fate.TAKEN : Fate.STORED);
    if (failing) landed();
    else sendNext(true);
  }

  private void notStored(InFlightBatch batch, Throwable failure) {
    unsettled--;
    batch.failure = Objects.requireNonNull(failure);
    failing = true;
    landed();
  }

  /** Once everything is down, what failed goes back to where it came from. */
  private void landed() {
    if (unsettled > 0) return;
    var first = inFlight.element();
    var down =
        inFlight.stream()
            .map(batch -> batch.failure)
            .filter(failure -> SqlFailure.of(failure) != SqlFailure.ROW_REJECTED)
            .findFirst();
    if (down.isEmpty() && first.rows.size() == 1) {
      for (var others = inFlight.descendingIterator(); others.hasNext(); ) {
        var other = others.next();
        if (other != first) putBack(other);
      }
      inFlight.clear();
      inFlight.add(first);
      reject(first);
      return;
    }
    for (var failed = inFlight.descendingIterator(); failed.hasNext(); ) putBack(failed.next());
    inFlight.clear();
    failing = false;
    count();
    if (down.isPresent()) {
      failed(down.get());
      return;
    }
    bisection.poll();
    bisection.push(first.rows.size() - first.rows.size() / 2);
    bisection.push(first.rows.size() / 2);
    listener.worked();
    sendNext(false);
  }

  private void putBack(InFlightBatch batch) {
    for (int i = batch.pending.size() - 1; i >= 0; i--) queue.addFirst(batch.pending.get(i));
  }

  private void reject(InFlightBatch single) {
    var row = single.rows.get(0);
    var refusal = single.failure;
    unsettled++;
    store
        .reject(row, refusal)
        .onSuccess(
            done -> {
              log.error(
                  "PostgreSQL refuses prediction {} (SQLSTATE {}); it is set aside in prediction_rejects",
                  row.id(),
                  SqlFailure.sqlState(refusal));
              refused(single);
            })
        .onFailure(
            failure -> {
              if (SqlFailure.of(failure) != SqlFailure.ROW_REJECTED) {
                unsettled--;
                putBack(single);
                inFlight.clear();
                failing = false;
                failed(failure);
                return;
              }
              log.error(
                  "PostgreSQL refuses prediction {} (SQLSTATE {}), and to set it aside (SQLSTATE {}); it is not kept",
                  row.id(),
                  SqlFailure.sqlState(refusal),
                  SqlFailure.sqlState(failure));
              refused(single);
            });
  }

  private void refused(InFlightBatch single) {
    unsettled--;
    failing = false;
    bisection.poll();
    settle(single, 0, i -> Fate.REFUSED);
    sendNext(true);
  }

  private void settle(InFlightBatch batch, int added, IntFunction<Fate> fates) {
    var fate = IntStream.range(0, batch.rows.size()).mapToObj(fates).toList();
    inFlight.remove(batch);
    int rows = batch.rows.size();
    int answered = (int) batch.pending.stream().filter(PendingRow::acknowledged).count();
    acknowledged -= answered;
    count();
    int refused = Collections.frequency(fate, Fate.REFUSED);
    int taken = Collections.frequency(fate, Fate.TAKEN);
    ledger.settled(rows - refused - taken, added, refused, taken, rows - answered, acknowledged);
    trim.accept(
        batch.pending.stream()
            .map(PendingRow::journaled)
            .filter(journaled -> journaled != null && journaled.settle())
            .map(JournaledRows::entry)
            .toList());
    listener.worked();
    for (int i = 0; i < rows; i++) {
      batch.pending.get(i).settle(batch.rows.get(i).id(), fate.get(i));
    }
    if (drained != null && queued == 0) drained.tryComplete();
  }

  private void failed(Throwable failure) {
    paused = true;
    listener.failed(failure);
  }
}
