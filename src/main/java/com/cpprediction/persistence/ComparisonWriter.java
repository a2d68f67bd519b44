package com.cpprediction.persistence;

import com.cpprediction.journal.Entry;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.postgres.Bisection;
import com.cpprediction.postgres.Bisection.Refused;
import com.cpprediction.postgres.SqlFailure;
import com.cpprediction.prediction.ShadowComparison;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores comparisons in batches, one after the other. While the database is away they wait in the
 * journal, whose room bounds them; those that it did not take wait in memory, {@link #CAPACITY} at
 * most, and later ones are dropped and counted. A batch is retried until PostgreSQL has it, without
 * those that it refuses. For use from one event loop, except where a method says otherwise.
 */
final class ComparisonWriter {
  private static final Logger log = LoggerFactory.getLogger(ComparisonWriter.class);

  static final int CAPACITY = 20_000; // comparisons outside the journal, half a kilobyte each
  private static final int BATCH = 500;
  private static final long RETRY_MILLIS = 1_000;

  /**
   * How long a database that is up may fail to store batches; from then on each is tried once,
   * until one is stored. A record that stays keeps the file of the journal that it is in, where
   * those of predictions settle beside it.
   */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  /**
   * Comparisons that wait.
   *
   * @param entry their journal record; null where they are in memory alone
   * @param rows absent to decode them from {@code entry} when they are sent, which saves heap
   * @param since milliseconds since 1970
   */
  private record Waiting(
      @Nullable Entry entry, @Nullable List<ShadowComparison> rows, int count, long since) {
    List<ShadowComparison> read() {
      return rows != null ? rows : ComparisonFormat.read(Objects.requireNonNull(entry).body());
    }
  }

  private final Vertx vertx;
  private final Function<List<ShadowComparison>, Future<Void>> insert;
  private final BooleanSupplier databaseUp;
  private final Consumer<Collection<Entry>> trim;
  private final Clock clock;
  private final ServiceMetrics metrics;
  private final Deque<Waiting> queue = new ArrayDeque<>();
  private volatile int inMemory; // comparisons of queue that the journal does not have
  private volatile int waiting; // comparisons
  private volatile long stored; // comparisons
  private boolean sending; // or waiting to retry
  private long failingSince; // milliseconds since 1970, of a database that is up; 0 while it isn't
  private @Nullable Promise<Void> drained;

  /**
   * @param insert stores all of a list or nothing; idempotent
   * @param trim receives the journal records whose comparisons are settled
   */
  ComparisonWriter(
      Vertx vertx,
      Function<List<ShadowComparison>, Future<Void>> insert,
      BooleanSupplier databaseUp,
      Consumer<Collection<Entry>> trim,
      Clock clock,
      ServiceMetrics metrics) {
    this.vertx = vertx;
    this.insert = insert;
    this.databaseUp = databaseUp;
    this.trim = trim;
    this.clock = clock;
    this.metrics = metrics;
  }

  /** Queues {@code comparisons} that are not in the journal, as far as there is room. */
  void add(List<ShadowComparison> comparisons) {
    int room = Math.min(comparisons.size(), CAPACITY - inMemory);
    if (room < comparisons.size()) metrics.comparisonsDropped(comparisons.size() - room);
    if (room == 0) return;
    inMemory += room;
    enqueue(new Waiting(null, comparisons.subList(0, room), room, clock.millis()));
    if (!sending) send();
  }

  /** Queues the comparisons of {@code entry}. */
  void addJournaled(Entry entry) {
    enqueue(new Waiting(entry, null, ComparisonFormat.count(entry.body()), entry.appendedAt()));
    if (!sending) send();
  }

  private void enqueue(Waiting comparisons) {
    queue.add(comparisons);
    waiting += comparisons.count;
  }

  /** Number of comparisons that are not settled. Thread-safe. */
  int waiting() {
    return waiting;
  }

  /** Number of comparisons that PostgreSQL has taken. Thread-safe. */
  long stored() {
    return stored;
  }

  /** Number of comparisons that wait in memory alone. Thread-safe. */
  int inMemory() {
    return inMemory;
  }

  /** Journal sequences of the records that aren't settled. */
  Set<Long> journaled() {
    var all = new HashSet<Long>();
    for (var comparisons : queue) {
      if (comparisons.entry != null) all.add(comparisons.entry.sequence());
    }
    return all;
  }

  /** Whether no comparison waits that was queued up to {@code millis} since 1970. */
  boolean settledUntil(long millis) {
    return queue.stream().noneMatch(comparisons -> comparisons.since <= millis);
  }

  private void send() {
    sending = false;
    if (queue.isEmpty()) {
      if (drained != null) drained.tryComplete();
      return;
    }
    sending = true;
    if (!databaseUp.getAsBoolean()) {
      failingSince = 0;
      vertx.setTimer(RETRY_MILLIS, again -> send());
      return;
    }
    var batch = new ArrayList<ShadowComparison>();
    int records = 0;
    for (var next : queue) {
      batch.addAll(next.read());
      records++;
      if (batch.size() >= BATCH) break;
    }
    int taken = records;
    Bisection.store(batch, insert)
        .onSuccess(refused -> stored(taken, batch.size(), refused))
        .onFailure(cause -> failed(taken, batch.size(), cause));
  }

  private void stored(int records, int count, List<Refused<ShadowComparison>> refused) {
    for (var one : refused) {
      log.error(
          "PostgreSQL refuses the comparison of prediction {} (SQLSTATE {}); it is not kept",
          one.row().id(),
          SqlFailure.sqlState(one.cause()));
    }
    failingSince = 0;
    settled(records, count, refused.size());
    send();
  }

  private void failed(int records, int count, Throwable cause) {
    long now = clock.millis();
    if (failingSince == 0) failingSince = now;
    if (databaseUp.getAsBoolean() && now - failingSince > PATIENCE.toMillis()) {
      log.error(
          "{} comparisons may be missing: PostgreSQL has failed to store any for {} minutes. {}",
          count,
          PATIENCE.toMinutes(),
          SqlFailure.describe(cause));
      settled(records, count, count);
    }
    vertx.setTimer(RETRY_MILLIS, again -> send());
  }

  private void settled(int records, int count, int dropped) {
    stored += count - dropped;
    metrics.comparisonsStored(count - dropped);
    if (dropped > 0) metrics.comparisonsDropped(dropped);
    var entries = new ArrayList<Entry>(records);
    for (int i = 0; i < records; i++) {
      var done = queue.remove();
      if (done.entry != null) entries.add(done.entry);
      else inMemory -= done.count;
    }
    waiting -= count;
    trim.accept(entries);
  }

  /**
   * Completes once all are stored, or {@code grace} is over. Those left in the journal are for the
   * next start; those in memory are dropped.
   */
  Future<Void> drain(Duration grace) {
    var done = Promise.<Void>promise();
    drained = done;
    if (!sending) send();
    return done.future()
        .timeout(grace.toMillis(), TimeUnit.MILLISECONDS)
        .transform(
            (stored, late) -> {
              if (inMemory > 0) {
                metrics.comparisonsDropped(inMemory);
                log.warn("{} comparisons were not stored before the stop", inMemory);
              }
              return Future.succeededFuture();
            });
  }
}
