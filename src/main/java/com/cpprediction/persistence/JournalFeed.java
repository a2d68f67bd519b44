package com.cpprediction.persistence;

import com.cpprediction.journal.Entry;
import com.cpprediction.journal.Journal;
import com.cpprediction.journal.JournalException;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts rows into the journal, and from there into the writer's queue; trims the journal as they are
 * settled; opens it again after it was in trouble. To be used from one event loop.
 */
final class JournalFeed {
  private static final Logger log = LoggerFactory.getLogger(JournalFeed.class);
  private static final long RETRY_MILLIS = 1_000;

  /** The rows of one request on their way into the journal. */
  private final class Request {
    final List<PredictionRow> rows;
    final List<Entry> entries;
    final Promise<Void> kept = Promise.promise();
    final long start = System.nanoTime();
    private int open;
    private JournalException failure;

    Request(List<PredictionRow> rows) {
      this.rows = rows;
      entries = new ArrayList<>(rows.size());
      open = rows.size();
    }

    void append() {
      for (var row : rows) entries.add(journal.append(RowFormat.write(row), new Append(this)));
    }

    void landed(JournalException cause) {
      if (cause != null) failure = cause;
      if (--open > 0) return;
      if (failure != null) {
        trim(entries); // all of a request or nothing
        kept.fail(refusal(failure.getMessage()));
        return;
      }
      dirty = true;
      writer.addJournaled(rows, entries);
      if (syncMillis > 0) acknowledge();
      else unsynced.add(this);
    }

    void acknowledge() {
      metrics.journaled(System.nanoTime() - start);
      kept.complete();
    }
  }

  /** Brings the news of one append from the journal's thread to the event loop. */
  private final class Append implements Journal.Completion {
    private final Request request;
    private JournalException cause;

    Append(Request request) {
      this.request = request;
    }

    @Override
    public void done() {
      appended.add(this);
      if (!landing.getAndSet(true)) loop.runOnContext(go -> land());
    }

    @Override
    public void failed(JournalException cause) {
      this.cause = cause;
      done();
    }
  }

  private final Vertx vertx;
  private final Context loop;
  private final Path directory;
  private final Journal journal;
  private final long maxBytes;
  private final long syncMillis;
  private final ServiceMetrics metrics;
  private final Queue<Append> appended = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean landing = new AtomicBoolean();
  private BatchWriter writer;
  private List<Request> unsynced = new ArrayList<>();
  private boolean dirty;
  private boolean syncing;
  private boolean closed;
  private boolean recovered;
  private volatile String trouble = "The journal is not open yet";

  /** Locks the journal; blocks for a moment. */
  JournalFeed(
      Vertx vertx,
      Context loop,
      Path directory,
      int maxBytes,
      Duration sync,
      Clock clock,
      ServiceMetrics metrics) {
    this.vertx = vertx;
    this.loop = loop;
    this.directory = directory;
    this.maxBytes = maxBytes;
    this.metrics = metrics;
    syncMillis = sync.toMillis();
    journal = Journal.in(directory, clock, this::broke);
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
      var readable = found.entries().stream().filter(e -> RowFormat.readable(e.body())).toList();
      int unreadable = found.entries().size() - readable.size();
      if (unreadable > 0) {
        log.error("{} rows of the journal are of a later version and stay in it", unreadable);
      }
      if (!readable.isEmpty()) log.info("{} predictions wait in the journal", readable.size());
      writer.addRecovered(readable);
    } else {
      // Refused in the meantime, or settled while nothing could be trimmed.
      var known = writer.journaled();
      journal.settle(
          found.entries().stream()
              .filter(e -> RowFormat.readable(e.body()) && !known.contains(e.sequence()))
              .toList());
      log.info("The journal can be written again");
    }
    trouble = null;
  }

  private void broke(JournalException cause) {
    loop.runOnContext(
        go -> {
          if (trouble != null) return; // being opened
          note(cause.getMessage());
          openLater();
        });
  }

  private void note(String reason) {
    if (!reason.equals(trouble)) log.error("Predictions can't be journaled. {}", reason);
    trouble = reason;
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
    if (trouble != null) return Future.failedFuture(refusal(trouble));
    if (full()) {
      return Future.failedFuture(
          refusal("The journal is full: %d bytes wait for PostgreSQL".formatted(maxBytes)));
    }
    var request = new Request(rows);
    request.append();
    return request.kept.future();
  }

  private static RuntimeException refusal(String why) {
    return Failure.OVERLOADED.because(why + "; try again later");
  }

  private void land() {
    landing.set(false);
    for (var append = appended.poll(); append != null; append = appended.poll()) {
      append.request.landed(append.cause);
    }
    if (syncMillis == 0) sync();
  }

  /** All that waits when this begins is acknowledged when it ends. */
  private void sync() {
    if (syncing || !dirty || trouble != null) return;
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
      else {
        request.kept.fail(
            Failure.DEADLINE_EXCEEDED.because(
                cause.getMessage() + "; whether the prediction was kept is unknown"));
      }
    }
    if (syncMillis == 0) sync();
  }

  /** Drops settled entries. */
  void trim(Collection<Entry> entries) {
    if (trouble == null) journal.settle(entries);
  }

  private boolean full() {
    return journal.waitingBytes() >= maxBytes;
  }

  /** Whether a row could be kept now; from any thread. */
  boolean ready() {
    return trouble == null && !full();
  }

  /** What is wrong with it, or null; from any thread. */
  String trouble() {
    return trouble;
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
    return vertx.executeBlocking(
        () -> {
          journal.close();
          return null;
        },
        false);
  }
}
