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
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts rows into the journal, and from there into the writer's queue; trims the journal as they are
 * settled; opens it again after it was in trouble. To be used from one event loop.
 */
final class JournalAppender {
  private static final Logger log = LoggerFactory.getLogger(JournalAppender.class);
  private static final long RETRY_MILLIS = 1_000;

  /** The rows of one request on their way into the journal. */
  private final class Request implements Journal.Completion {
    final List<PredictionRow> rows;
    final Promise<Void> kept = Promise.promise();
    final long start = System.nanoTime();
    Entry entry;
    private volatile JournalException cause;

    Request(List<PredictionRow> rows) {
      this.rows = rows;
    }

    void append() {
      entry = journal.append(RowFormat.write(rows), this);
    }

    /** On the journal's thread. */
    @Override
    public void done() {
      appended.add(this);
      if (!landing.getAndSet(true)) loop.runOnContext(go -> land());
    }

    /** On the journal's thread. */
    @Override
    public void failed(JournalException cause) {
      this.cause = cause;
      done();
    }

    void landed() {
      if (cause != null || !appending.remove(this)) return; // refused once the journal is halted
      dirty = true;
      writer.addJournaled(rows, entry);
      if (syncMillis > 0) acknowledge();
      else unsynced.add(this);
    }

    void acknowledge() {
      metrics.journaled(System.nanoTime() - start);
      kept.complete();
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
  private final Queue<Request> appended = new ConcurrentLinkedQueue<>();

  /** Those whose append has not succeeded. */
  private final Set<Request> appending = new LinkedHashSet<>();

  private final AtomicBoolean landing = new AtomicBoolean();
  private BatchWriter writer;
  private List<Request> unsynced = new ArrayList<>();
  private boolean dirty;
  private boolean syncing;
  private boolean closed;
  private boolean recovered;
  private volatile String sqlFailure = "The journal is not open yet";

  /** Locks the journal; blocks for a moment. */
  JournalAppender(
      Vertx vertx,
      Context loop,
      Path directory,
      int maxBytes,
      Duration sync,
      Clock clock,
      ServiceMetrics metrics,
      RecentIds recent) {
    this.vertx = vertx;
    this.loop = loop;
    this.directory = directory;
    this.maxBytes = maxBytes;
    this.metrics = metrics;
    this.recent = recent;
    syncMillis = sync.toMillis();
    journal =
        Journal.in(directory, clock, cause -> loop.runOnContext(go -> broke(cause.getMessage())));
  }

  /**
   * Opens the journal and queues what it holds.
   *
   * @return completes after the first try, whatever comes of it
   */
  Future<Void> start(BatchWriter writer) {
    this.writer = writer;
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
              note(cause.getMessage());
              openLater();
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
      var readable = readable(found.entries());
      int unreadable = found.entries().size() - readable.size();
      if (unreadable > 0) {
        log.error("{} records of the journal are of a later version and stay in it", unreadable);
      }
      claim(readable);
      int rows = writer.addRecovered(readable);
      if (rows > 0) log.info("{} predictions wait in the journal", rows);
    } else {
      // Settled while nothing could be trimmed.
      var known = writer.journaled();
      journal.settle(
          readable(found.entries()).stream()
              .filter(entry -> !known.contains(entry.sequence()))
              .toList());
      log.info("The journal can be written again");
    }
    sqlFailure = null;
    if (journal.troubled()) broke("It can't be written since it was opened");
    else if (syncMillis == 0) sync(); // for those that landed before it broke
  }

  /** Takes the ids of rows that a process before left, the newest as far as they are known. */
  private void claim(List<Entry> entries) {
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

  private static List<Entry> readable(List<Entry> entries) {
    return entries.stream().filter(entry -> RowFormat.rows(entry.body()).length > 0).toList();
  }

  private void broke(String reason) {
    if (sqlFailure != null) return; // being opened
    note(reason);
    halt().onComplete(halted -> openLater());
  }

  /**
   * Ends all appends, takes out of the journal what it may hold of those that failed, and then
   * refuses them: what was refused is not there again after a restart.
   */
  private Future<Void> halt() {
    return blocking(journal::halt)
        .transform(
            halted -> {
              land();
              var failed = List.copyOf(appending);
              appending.clear();
              if (failed.isEmpty()) return Future.succeededFuture();
              var entries = failed.stream().map(request -> request.entry).toList();
              Future<Void> erased =
                  halted.failed()
                      ? Future.failedFuture(halted.cause())
                      : blocking(() -> journal.erase(entries));
              return erased.onComplete(done -> failed.forEach(r -> r.kept.fail(refusal(done))));
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

  private RuntimeException refusal(AsyncResult<Void> erased) {
    return erased.succeeded() ? refusal(sqlFailure) : unknown(erased.cause());
  }

  private void note(String reason) {
    if (!reason.equals(sqlFailure)) log.error("Predictions can't be journaled. {}", reason);
    sqlFailure = reason;
  }

  private void openLater() {
    vertx.setTimer(
        RETRY_MILLIS,
        timer -> {
          if (!closed) open();
        });
  }

  /**
   * Completes once all {@code rows} are in the journal as {@code journal.sync_ms} promises; they
   * are stored from then on. Fails with {@link Failure#OVERLOADED} when none of them is kept, with
   * {@link Failure#DEADLINE_EXCEEDED} when that is unknown.
   */
  Future<Void> keep(List<PredictionRow> rows) {
    if (sqlFailure != null) return Future.failedFuture(refusal(sqlFailure));
    if (full()) {
      return Future.failedFuture(
          refusal("The journal is full: %d bytes wait for PostgreSQL".formatted(maxBytes)));
    }
    var request = new Request(rows);
    appending.add(request);
    request.append();
    return request.kept.future();
  }

  private static RuntimeException refusal(String why) {
    return Failure.OVERLOADED.because(why + "; try again later");
  }

  private static RuntimeException unknown(Throwable cause) {
    return Failure.DEADLINE_EXCEEDED.because(
        cause.getMessage() + "; whether the prediction was kept is unknown");
  }

  private void land() {
    landing.set(false);
    for (var next = appended.poll(); next != null; next = appended.poll()) next.landed();
    if (syncMillis == 0) sync();
  }

  /** All that waits when this begins is acknowledged when it ends. */
  private void sync() {
    if (syncing || !dirty || sqlFailure != null) return;
    syncing = true;
    dirty = false;
    var covered = unsynced;
    unsynced = new ArrayList<>();
    journal.sync(
        new Journal.Completion() {
          @Override
          public void done() {
            loop.runOnContext(go -> synced(covered, null));
          }

          @Override
          public void failed(JournalException cause) {
            loop.runOnContext(go -> synced(covered, cause));
          }
        });
  }

  private void synced(List<Request> covered, JournalException cause) {
    syncing = false;
    for (var request : covered) {
      if (cause == null) request.acknowledge();
      else request.kept.fail(unknown(cause));
    }
    if (syncMillis == 0) sync();
  }

  /** Drops settled entries. */
  void trim(Collection<Entry> entries) {
    if (sqlFailure == null) journal.settle(entries);
  }

  private boolean full() {
    return journal.waitingBytes() >= maxBytes;
  }

  /** Whether a row could be kept now; from any thread. */
  boolean ready() {
    return sqlFailure == null && !full();
  }

  /** What is wrong with it, or null; from any thread. */
  String sqlFailure() {
    return sqlFailure;
  }

  /** Bytes that wait; from any thread. */
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
