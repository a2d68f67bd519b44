package com.cpprediction.persistence;

import com.cpprediction.journal.Entry;
import com.cpprediction.journal.Journal;
import com.cpprediction.journal.JournalException;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends rows to the journal, then queues them in the {@link BatchWriter}; trims settled records;
 * reopens the journal after a failure. For use from one event loop.
 */
final class JournalAppender {
  private static final Logger log = LoggerFactory.getLogger(JournalAppender.class);
  private static final long RETRY_MILLIS = 1_000;

  /** The rows of a request whose append isn't acknowledged yet. */
  private final class PendingAppend implements Journal.Completion {
    final List<PredictionRow> rows;
    final Promise<Void> acknowledged = Promise.promise();
    final long start = System.nanoTime();
    private @Nullable Entry entry;
    private volatile @Nullable JournalException cause;

    PendingAppend(List<PredictionRow> rows) {
      this.rows = rows;
    }

    void append() {
      entry = journal.append(RowFormat.write(rows), this);
    }

    Entry entry() {
      return Objects.requireNonNull(entry, "not appended");
    }

    /** Runs on the journal's thread. */
    @Override
    public void done() {
      appended.add(this);
      if (!drainScheduled.getAndSet(true)) loop.runOnContext(run -> drainAppended());
    }

    /** Runs on the journal's thread. */
    @Override
    public void failed(JournalException cause) {
      this.cause = cause;
      done();
    }

    void onAppended() {
      if (cause != null || !appending.remove(this)) return; // fails once the journal is halted
      dirty = true;
      writer.addJournaled(rows, entry());
      if (syncMillis > 0) acknowledge();
      else unsynced.add(this);
    }

    void acknowledge() {
      metrics.journaled(System.nanoTime() - start);
      acknowledged.complete();
    }
  }

  private final Vertx vertx;
  private final Context loop;
  private final Path directory;
  private final Journal journal;
  private final long maxBytes;
  private final long syncMillis;
  private final ServiceMetrics metrics;
  private final RecentIds recent;
  private final BatchWriter writer;
  private final Queue<PendingAppend> appended = new ConcurrentLinkedQueue<>();

  /** Appends that haven't succeeded. */
  private final Set<PendingAppend> appending = new LinkedHashSet<>();

  private final AtomicBoolean drainScheduled = new AtomicBoolean();
  private List<PendingAppend> unsynced = new ArrayList<>();
  private boolean dirty;
  private boolean syncing;
  private boolean closed;
  private boolean recovered;
  private volatile @Nullable String failure = "The journal is not open yet";

  /** Locks the journal; blocks. */
  JournalAppender(
      Vertx vertx,
      Context loop,
      Path directory,
      int maxBytes,
      Duration sync,
      Clock clock,
      ServiceMetrics metrics,
      RecentIds recent,
      BatchWriter writer) {
    this.vertx = vertx;
    this.loop = loop;
    this.directory = directory;
    this.maxBytes = maxBytes;
    this.metrics = metrics;
    this.recent = recent;
    this.writer = writer;
    syncMillis = sync.toMillis();
    journal =
        Journal.in(
            directory, clock, cause -> loop.runOnContext(run -> onFailure(cause.getMessage())));
  }

  /**
   * Opens the journal and queues the rows in it.
   *
   * @return completes after the first attempt, successful or not
   */
  Future<Void> start() {
    metrics.journalBytes(journal::waitingBytes);
    if (syncMillis > 0) vertx.setPeriodic(syncMillis, tick -> sync());
    return open();
  }

  private Future<Void> open() {
    return vertx
        .executeBlocking(journal::open, false)
        .map(
            found -> {
              opened(found);
              return (Void) null;
            })
        .recover(
            cause -> {
              logFailure(String.valueOf(cause.getMessage()));
              scheduleOpen();
              return Future.succeededFuture();
            });
  }

  private void opened(Journal.Found found) {
    if (found.corrupt() > 0) {
      metrics.journalDamaged(found.corrupt());
      log.error(
          "{} records of the journal can't be read; its files as they were are in {}",
          found.corrupt(),
          found.damaged());
    }
    if (!recovered) {
      recovered = true;
      var readable = readableOf(found.entries());
      int unreadable = found.entries().size() - readable.size();
      if (unreadable > 0) {
        log.error("{} records of the journal are of a later version and stay in it", unreadable);
      }
      claimIds(readable);
      int rows = writer.addRecovered(readable);
      if (rows > 0) log.info("{} predictions wait in the journal", rows);
    } else {
      // These records were settled while the journal couldn't be trimmed.
      var known = writer.journaled();
      journal.settle(
          readableOf(found.entries()).stream()
              .filter(entry -> !known.contains(entry.sequence()))
              .toList());
      log.info("The journal can be written again");
    }
    failure = null;
    if (journal.hasFailed()) onFailure("It can't be written since it was opened");
    else if (syncMillis == 0) sync(); // appends completed before the failure
  }

  /** Registers the ids of recovered rows, the newest {@value RecentIds#CAPACITY}. */
  private void claimIds(List<Entry> entries) {
    int rows = JournaledRows.count(entries);
    for (var entry : entries) {
      for (int at : RowFormat.rows(entry.body())) {
        if (rows-- > RecentIds.CAPACITY) continue;
        var row = RowFormat.read(entry.body(), at);
        var address = new Address(Address.canonical(row.typed()), row.pincode());
        recent.claim(row.id(), address.digest(row.shipmentId()));
      }
    }
  }

  private static List<Entry> readableOf(List<Entry> entries) {
    return entries.stream().filter(entry -> RowFormat.rows(entry.body()).length > 0).toList();
  }

  private void onFailure(String reason) {
    if (failure != null) return; // being opened already
    logFailure(reason);
    halt().onComplete(halted -> scheduleOpen());
  }

  /**
   * Ends all appends and erases the failed ones from the journal before their requests fail, so
   * that a restart doesn't recover a row that was refused.
   */
  private Future<Void> halt() {
    return blocking(journal::halt)
        .transform(
            halted -> {
              drainAppended();
              var failed = List.copyOf(appending);
              appending.clear();
              if (failed.isEmpty()) return Future.succeededFuture();
              var entries = failed.stream().map(PendingAppend::entry).toList();
              Future<Void> erased =
                  halted.failed()
                      ? Future.failedFuture(halted.cause())
                      : blocking(() -> journal.erase(entries));
              return erased.onComplete(
                  done -> failed.forEach(append -> append.acknowledged.fail(overloaded(done))));
            });
  }

  private Future<Void> blocking(Runnable work) {
    return vertx.executeBlocking(
        () -> {
          work.run();
          return null;
        },
        false);
  }

  private RuntimeException overloaded(AsyncResult<Void> erased) {
    return erased.succeeded() ? overloaded(failure) : outcomeUnknown(erased.cause());
  }

  private void logFailure(String reason) {
    if (!reason.equals(failure)) log.error("Predictions can't be journaled. {}", reason);
    failure = reason;
  }

  private void scheduleOpen() {
    vertx.setTimer(
        RETRY_MILLIS,
        timer -> {
          if (!closed) open();
        });
  }

  /**
   * Appends {@code rows} and completes once they are as durable as {@code journal.sync_ms}
   * promises. Fails with {@link Failure#OVERLOADED} when no row was kept, with {@link
   * Failure#DEADLINE_EXCEEDED} when that is unknown.
   */
  Future<Void> append(List<PredictionRow> rows) {
    if (failure != null) return Future.failedFuture(overloaded(failure));
    if (full()) {
      return Future.failedFuture(
          overloaded("The journal is full: %d bytes wait for PostgreSQL".formatted(maxBytes)));
    }
    var pending = new PendingAppend(rows);
    appending.add(pending);
    pending.append();
    return pending.acknowledged.future();
  }

  private static RuntimeException overloaded(@Nullable String reason) {
    return Failure.OVERLOADED.because(reason + "; try again later");
  }

  private static RuntimeException outcomeUnknown(Throwable cause) {
    return Failure.DEADLINE_EXCEEDED.because(
        cause.getMessage() + "; whether the prediction was kept is unknown");
  }

  private void drainAppended() {
    drainScheduled.set(false);
    for (var next = appended.poll(); next != null; next = appended.poll()) next.onAppended();
    if (syncMillis == 0) sync();
  }

  /** Forces the journal to disk, then acknowledges the appends completed before. */
  private void sync() {
    if (syncing || !dirty || failure != null) return;
    syncing = true;
    dirty = false;
    var batch = unsynced;
    unsynced = new ArrayList<>();
    journal.sync(
        new Journal.Completion() {
          @Override
          public void done() {
            loop.runOnContext(run -> synced(batch, null));
          }

          @Override
          public void failed(JournalException cause) {
            loop.runOnContext(run -> synced(batch, cause));
          }
        });
  }

  private void synced(List<PendingAppend> batch, @Nullable JournalException cause) {
    syncing = false;
    for (var request : batch) {
      if (cause == null) request.acknowledge();
      else request.acknowledged.fail(outcomeUnknown(cause));
    }
    if (syncMillis == 0) sync();
  }

  void trim(Collection<Entry> entries) {
    if (failure == null) journal.settle(entries);
  }

  private boolean full() {
    return journal.waitingBytes() >= maxBytes;
  }

  /** Whether a row could be appended now. Thread-safe. */
  boolean ready() {
    return failure == null && !full();
  }

  /** Why the journal can't be written, while it can't. Thread-safe. */
  @Nullable String failure() {
    return failure;
  }

  /** Bytes of records that aren't settled. Thread-safe. */
  long waitingBytes() {
    return journal.waitingBytes();
  }

  long maxBytes() {
    return maxBytes;
  }

  Path directory() {
    return directory;
  }

  Future<Void> close() {
    closed = true;
    return blocking(journal::close);
  }
}
