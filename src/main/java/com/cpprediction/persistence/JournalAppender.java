package com.cpprediction.persistence;

import com.cpprediction.bus.RecordBatch;
import com.cpprediction.bus.RecordReply;
import com.cpprediction.config.JournalConfig;
import com.cpprediction.journal.Entry;
import com.cpprediction.journal.Journal;
import com.cpprediction.journal.JournalException;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.ShadowComparison;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends rows to the journal, then hands them over to the {@link BatchWriter}, and comparisons,
 * which it hands over to the {@link ComparisonWriter}; trims settled records; reopens the journal
 * after a failure. For use from one worker context, which the disk may block, except where a method
 * says otherwise: event loops {@linkplain #atOnce append} too, while nothing blocks.
 */
final class JournalAppender {
  private static final Logger log = LoggerFactory.getLogger(JournalAppender.class);
  private static final long RETRY_MILLIS = 1_000;
  private static final long DISCARD_MILLIS = TimeUnit.HOURS.toMillis(1);

  /** The journal takes comparisons while it is less than 1/2 full; the rest is for predictions. */
  private static final int COMPARISONS_DIVISOR = 2;

  /** Until comparisons are forced to disk where each row is before its response. */
  private static final long COMPARISONS_SYNC_MILLIS = 100;

  /** Rows of a batch that an event loop appends itself; more would keep it from other requests. */
  private static final int MOST_AT_ONCE = 32;

  /** Duration of an append of so many rows after which event loops append nothing for a while. */
  private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Vertx vertx;
  private final ContextInternal thread;

  /**
   * Held while the journal is written, however long that takes, and for the fields that appends
   * change. An append reaches the operating system only, and a disk that hangs holds up a sync as a
   * rule: so an event loop that takes the lock only if it is free hardly ever waits for the disk.
   */
  private final ReentrantLock writing = new ReentrantLock();

  private final Context loop;
  private final Path directory;
  private final Journal journal;
  private final long maxBytes; // on disk
  private final long room; // of waiting rows
  private final long syncMillis;
  private final IntSupplier retentionDays;
  private final ServiceMetrics metrics;
  private final RecentIds recent;
  private final BatchWriter writer;
  private final ComparisonWriter comparisons;
  private final LongSupplier ticker;

  /** Records whose append failed, to be erased. */
  private final List<Entry> failed = new ArrayList<>();

  /** Requests whose append failed, to fail once their records are erased. */
  private final List<Promise<Void>> failing = new ArrayList<>();

  private List<Promise<Void>> unsynced = new ArrayList<>();
  private boolean dirty; // whether a sync is scheduled
  private long syncTimer = -1;
  private long pausedUntil; // for event loops, in nanoseconds of the ticker
  private boolean comparisonsDirty; // whether one is for comparisons alone
  private Future<?> busy = Future.succeededFuture(); // work of other threads
  private volatile boolean closed;
  private boolean recovered;
  private volatile long damagedBytes;
  private volatile @Nullable String failure = "The journal is not open yet";

  /**
   * Locks the journal; blocks. Belongs to the worker context of the caller.
   *
   * @param loop of {@code writer} and {@code comparisons}
   * @param heap bytes of heap at most
   * @param retentionDays {@code persistence.retention_days}
   * @param ticker nanoseconds of any origin
   */
  JournalAppender(
      Vertx vertx,
      Context loop,
      Path directory,
      JournalConfig config,
      long heap,
      IntSupplier retentionDays,
      Clock clock,
      ServiceMetrics metrics,
      RecentIds recent,
      BatchWriter writer,
      ComparisonWriter comparisons,
      LongSupplier ticker) {
    this.vertx = vertx;
    thread = (ContextInternal) vertx.getOrCreateContext();
    this.loop = loop;
    this.directory = directory;
    maxBytes = config.maxBytes();
    room = config.room(heap);
    this.retentionDays = retentionDays;
    this.metrics = metrics;
    this.recent = recent;
    this.writer = writer;
    this.comparisons = comparisons;
    this.ticker = ticker;
    pausedUntil = ticker.getAsLong();
    syncMillis = config.sync().toMillis();
    journal =
        Journal.in(
            directory, clock, cause -> thread.runOnContext(run -> onFailure(cause.getMessage())));
  }

  /**
   * Opens the journal and queues the rows in it.
   *
   * @return completes after the first attempt, successful or not
   */
  Future<Void> start() {
    metrics.journalBytes(journal::waitingBytes);
    metrics.journalDamagedBytes(() -> damagedBytes);
    vertx.setPeriodic(
        DISCARD_MILLIS,
        timer -> {
          if (!closed) discardDamaged();
        });
    return open();
  }

  private Future<Void> open() {
    return blocking(journal::open)
        .compose(this::opened)
        .recover(
            cause -> {
              logFailure(String.valueOf(cause.getMessage()));
              scheduleOpen();
              return Future.succeededFuture();
            });
  }

  private Future<Void> opened(Journal.Found found) {
    if (closed) return Future.succeededFuture();
    if (found.corrupt() > 0) {
      metrics.journalDamaged(found.corrupt());
      log.error(
          "{} records of the journal can't be read; its files as they were are in {}",
          found.corrupt(),
          found.damaged());
    }
    discardDamaged();
    return recovered ? reopened(found) : recover(found);
  }

  /**
   * Bounds damaged files that were set aside: their rows may be those that {@code retention_days}
   * drops, and their disk space is the journal's.
   */
  private void discardDamaged() {
    int days = retentionDays.getAsInt();
    var maxAge = days == 0 ? ChronoUnit.FOREVER.getDuration() : Duration.ofDays(days);
    blocking(
            () -> {
              var discarded = journal.discardDamaged(maxBytes, maxAge);
              damagedBytes = journal.damagedBytes();
              return discarded;
            })
        .onSuccess(
            discarded -> {
              if (discarded.isEmpty()) return;
              log.warn("Deleted damaged files of the journal that were set aside: {}", discarded);
            })
        .onFailure(
            cause -> log.warn("Damaged files of the journal stay there. {}", cause.getMessage()));
  }

  private Future<Void> recover(Journal.Found found) {
    recovered = true;
    var readable = readableOf(found.entries());
    int unreadable = found.entries().size() - readable.size();
    if (unreadable > 0) {
      log.error("{} records of the journal are of a later version and stay in it", unreadable);
    }
    claimIds(readable);
    return onLoop(() -> recover(readable)).map(queued -> usable());
  }

  private int recover(List<Entry> entries) {
    int rows =
        writer.addRecovered(
            entries.stream().filter(entry -> !JournaledRows.isComparison(entry)).toList());
    if (rows > 0) log.info("{} predictions wait in the journal", rows);
    int compared = JournaledRows.countComparisons(entries);
    if (compared > 0) log.info("{} comparisons wait in the journal", compared);
    entries.stream().filter(JournaledRows::isComparison).forEach(comparisons::addJournaled);
    return rows + compared;
  }

  /** Settles the records that were settled while the journal couldn't be trimmed. */
  private Future<Void> reopened(Journal.Found found) {
    return onLoop(this::journaled)
        .map(
            known -> {
              settleAllBut(known, found);
              log.info("The journal can be written again");
              return usable();
            });
  }

  private Set<Long> journaled() {
    var known = writer.journaled();
    known.addAll(comparisons.journaled());
    return known;
  }

  private void settleAllBut(Set<Long> known, Journal.Found found) {
    journal.settle(
        readableOf(found.entries()).stream()
            .filter(entry -> !known.contains(entry.sequence()))
            .toList());
  }

  private @Nullable Void usable() {
    failure = null;
    if (journal.hasFailed()) onFailure("It can't be written since it was opened");
    else sync(); // appends completed before the failure
    return null;
  }

  /** Registers the ids of recovered rows, the newest {@value RecentIds#CAPACITY}. */
  private void claimIds(List<Entry> entries) {
    int rows = JournaledRows.count(entries);
    for (var entry : entries) {
      for (int at : RowFormat.rows(entry.body())) {
        if (rows-- > RecentIds.CAPACITY) continue;
        if (!(RowFormat.read(entry.body(), at) instanceof PredictionRow row)) continue;
        var address = new Address(Address.canonical(row.typed()), row.pincode());
        recent.claim(row.id(), address.digest(row.shipmentId()));
      }
    }
  }

  private static List<Entry> readableOf(List<Entry> entries) {
    return entries.stream()
        .filter(
            entry -> JournaledRows.isComparison(entry) || RowFormat.rows(entry.body()).length > 0)
        .toList();
  }

  private void onFailure(@Nullable String reason) {
    if (failure != null) return; // being opened already
    writing.lock();
    try {
      logFailure(String.valueOf(reason)); // no append fails after this
      halt().onComplete(halted -> scheduleOpen());
    } finally {
      writing.unlock();
    }
  }

  /**
   * Erases the failed appends from the journal before their requests fail, so that a restart
   * doesn't recover a row that was refused.
   */
  private Future<Void> halt() {
    var entries = List.copyOf(failed);
    var requests = List.copyOf(failing);
    failed.clear();
    failing.clear();
    return this.<Void>blocking(
            () -> {
              journal.halt();
              if (!entries.isEmpty()) journal.erase(entries);
              return null;
            })
        .onComplete(
            erased -> {
              var cause = erased.succeeded() ? refused(failure) : unknown(erased.cause());
              requests.forEach(request -> request.fail(cause));
            });
  }

  /**
   * Runs {@code work} on another thread, so that appends can be refused meanwhile, after all such
   * work before: an open journal must not be closed half open, nor its lock be given up before
   * refused rows are erased.
   */
  private <T> Future<T> blocking(Callable<T> work) {
    Promise<T> done = thread.promise();
    busy.onComplete(ended -> loop.executeBlocking(work, false).onComplete(done));
    busy = done.future();
    return done.future();
  }

  private <T> Future<T> onLoop(Callable<T> work) {
    Promise<T> done = thread.promise();
    loop.runOnContext(
        run -> {
          try {
            done.complete(work.call());
          } catch (Exception e) {
            done.fail(e);
          }
        });
    return done.future();
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
   * Appends {@code rows} as one record, and completes once they are as durable as {@code
   * journal.sync_ms} promises: at once unless that is 0. Fails with {@link Failure#OVERLOADED} when
   * no row was kept, with {@link Failure#DEADLINE_EXCEEDED} when that is unknown.
   */
  Future<Void> append(List<JournalRow> rows) {
    writing.lock();
    try {
      return appendAlone(rows);
    } finally {
      writing.unlock();
    }
  }

  /**
   * Runs {@code record}, which appends the rows of {@code batch}, unless it might wait: for another
   * thread that writes or syncs the journal, for its next file, or for a disk that took long for an
   * append a moment ago. Thread-safe.
   *
   * @return what {@code record} returns; null when it was not run
   */
  @Nullable Future<RecordReply> atOnce(
      RecordBatch batch, Function<RecordBatch, Future<RecordReply>> record) {
    if (syncMillis == 0 || failure != null || rows(batch) > MOST_AT_ONCE) return null;
    if (writing.hasQueuedThreads() || !writing.tryLock()) return null; // a sync comes first
    try {
      boolean paused = ticker.getAsLong() - pausedUntil < 0;
      if (paused || failure != null || closed || !journal.hasRoom()) return null;
      return record.apply(batch);
    } finally {
      writing.unlock();
    }
  }

  private static int rows(RecordBatch batch) {
    int rows = 0;
    for (var request : batch.requests()) {
      rows += request.predictions().size() + request.refusals().size();
    }
    return rows;
  }

  private Future<Void> appendAlone(List<JournalRow> rows) {
    if (failure != null) return Future.failedFuture(refused(failure));
    if (full()) {
      return Future.failedFuture(
          refused("The journal is full: %d bytes wait for PostgreSQL".formatted(room)));
    }
    long start = ticker.getAsLong();
    var entry = journal.entry(RowFormat.write(rows));
    try {
      journal.append(entry);
    } catch (JournalException e) {
      var promise = Promise.<Void>promise();
      failed.add(entry);
      failing.add(promise);
      return promise.future(); // fails in onFailure, which the journal has scheduled
    }
    long end = ticker.getAsLong();
    if (end - start > SLOW_NANOS && rows.size() <= MOST_AT_ONCE) pausedUntil = end + PAUSE_NANOS;
    scheduleSync();
    writer.addJournaled(rows, entry);
    if (syncMillis > 0) {
      metrics.journaled(end - start);
      return Future.succeededFuture();
    }
    var synced = Promise.<Void>promise();
    unsynced.add(synced);
    return synced.future().onSuccess(done -> metrics.journaled(ticker.getAsLong() - start));
  }

  /**
   * Appends {@code compared} as one record, which no request waits for: it takes none of the room
   * that is for predictions, and is forced to disk with them, or soon.
   *
   * @return false where the journal does not take it
   */
  boolean appendComparisons(List<ShadowComparison> compared) {
    writing.lock();
    try {
      return appendComparisonsAlone(compared);
    } finally {
      writing.unlock();
    }
  }

  private boolean appendComparisonsAlone(List<ShadowComparison> compared) {
    if (failure != null || closed || journal.waitingBytes() >= room / COMPARISONS_DIVISOR) {
      return false;
    }
    var entry = journal.entry(ComparisonFormat.write(compared));
    try {
      journal.append(entry);
    } catch (JournalException e) {
      failed.add(entry);
      return false;
    }
    if (syncMillis > 0) scheduleSync();
    else scheduleComparisonsSync();
    loop.runOnContext(run -> comparisons.addJournaled(entry));
    return true;
  }

  /** A row whose request waits is not to be late for it. */
  private void scheduleComparisonsSync() {
    if (comparisonsDirty) return;
    comparisonsDirty = true;
    vertx.setTimer(
        COMPARISONS_SYNC_MILLIS,
        timer -> {
          comparisonsDirty = false;
          dirty = true;
          sync();
        });
  }

  private static ServiceException refused(@Nullable String reason) {
    return Failure.OVERLOADED.because(reason + "; try again later");
  }

  private static ServiceException unknown(Throwable cause) {
    return Failure.DEADLINE_EXCEEDED.because(
        cause.getMessage() + "; whether the prediction was kept is unknown");
  }

  /** Syncs in {@code journal.sync_ms}, or once for all appends that wait on this thread. */
  private void scheduleSync() {
    if (dirty) return;
    dirty = true;
    if (syncMillis > 0) syncTimer = thread.setTimer(syncMillis, timer -> sync());
    else thread.runOnContext(run -> sync());
  }

  /** Forces the journal to disk, then acknowledges the appends completed before. */
  private void sync() {
    writing.lock();
    try {
      if (!dirty || closed || failure != null) return;
      dirty = false;
      var batch = unsynced;
      unsynced = new ArrayList<>();
      try {
        journal.sync();
        for (var request : batch) request.complete();
      } catch (JournalException e) {
        for (var request : batch) request.fail(unknown(e));
      }
    } finally {
      writing.unlock();
    }
  }

  /**
   * Rewrites the journal without the records that are settled; appends wait for it. Fails while the
   * journal can't be written. Completes on the context of the caller. Thread-safe.
   */
  Future<Void> rewrite() {
    Promise<Void> done = ((ContextInternal) vertx.getOrCreateContext()).promise();
    thread.runOnContext(
        run -> {
          writing.lock();
          try {
            if (closed) throw new IllegalStateException("The journal is closed");
            if (failure != null) throw refused(failure);
            journal.rewrite();
            done.complete();
          } catch (Throwable e) { // of any kind, or the erasure would wait for ever
            done.fail(e); // a new failure of the journal is in onFailure, which it has scheduled
          } finally {
            writing.unlock();
          }
        });
    return done.future();
  }

  /** Deletes records whose rows are settled. Thread-safe. */
  void trim(Collection<Entry> entries) {
    if (closed) return; // its thread may have ended: the next start stores the rows again
    thread.runOnContext(
        run -> {
          writing.lock();
          try {
            if (failure == null && !closed) journal.settle(entries);
          } finally {
            writing.unlock();
          }
        });
  }

  private boolean full() {
    return journal.waitingBytes() >= room;
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

  long room() {
    return room;
  }

  Path directory() {
    return directory;
  }

  /** Closes the journal, once it has settled the records that were trimmed before. */
  Future<Void> close() {
    Promise<Void> trimmed = thread.promise();
    thread.runOnContext(
        run -> {
          writing.lock(); // an append of an event loop is handed over
          closed = true;
          writing.unlock();
          if (syncTimer >= 0) vertx.cancelTimer(syncTimer); // no context ends it
          trimmed.complete();
        });
    return trimmed
        .future()
        .compose(
            done ->
                blocking(
                    () -> {
                      journal.close();
                      return null;
                    }));
  }
}
