package com.cpprediction.persistence;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.bus.Recorded;
import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.config.PersistenceConfig.Ack;
import com.cpprediction.config.PersistenceConfig.WhenFull;
import com.cpprediction.journal.Entry;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.pgclient.PgException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(VertxExtension.class)
class BatchWriterTest {
  private static final Throwable GONE = new ConnectException("connection refused");
  private static final Throwable REFUSED =
      new PgException("violates a check constraint", "ERROR", "23514", null);

  /** Keeps inserted rows in memory; a script decides the result of each insert and may delay it. */
  private static final class FakeStore implements PredictionStore {
    final List<List<String>> batches = new ArrayList<>();
    final List<String> stored = new ArrayList<>();
    final List<String> rejected = new ArrayList<>();
    Function<List<JournalRow>, Future<Void>> script = batch -> Future.succeededFuture();
    Future<Void> rejection = Future.succeededFuture();

    @Override
    public Future<Inserted> insert(List<JournalRow> predictions) {
      batches.add(Predictions.shipments(predictions));
      return script
          .apply(predictions)
          .map(
              ok -> {
                var shipments = Predictions.shipments(predictions);
                var taken = new HashSet<Integer>();
                for (int i = 0; i < shipments.size(); i++) {
                  if (shipments.get(i).startsWith("taken")) taken.add(i);
                  else stored.add(shipments.get(i));
                }
                return new Inserted(shipments.size() - taken.size(), taken);
              });
    }

    @Override
    public Future<Void> reject(JournalRow prediction, Throwable refusal) {
      rejected.add(prediction.shipmentId());
      return rejection;
    }
  }

  /** Resumes the writer after each failure, as after a short outage. */
  private final class Resuming implements BatchWriter.Listener {
    int failures;

    @Override
    public void available() {}

    @Override
    public void unavailable(Throwable cause) {
      failures++;
      context.runOnContext(again -> writer.resume());
    }
  }

  private final FakeStore store = new FakeStore();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final ServiceMetrics metrics = new ServiceMetrics(registry, "test");
  private final Resuming listener = new Resuming();
  private final List<Entry> trimmed = new ArrayList<>();
  private boolean acknowledge;
  private Vertx vertx;
  private Context context;
  private BatchWriter writer;

  @BeforeEach
  void prepare(Vertx vertx) {
    this.vertx = vertx;
    context = vertx.getOrCreateContext();
    writer = writer(config(Ack.COMMIT, 10, Duration.ZERO, 1_000));
  }

  private static PersistenceConfig config(Ack ack, int batchSize, Duration linger, int capacity) {
    return new PersistenceConfig(
        ack, WhenFull.REFUSE, batchSize, linger, capacity, Duration.ofSeconds(5), 0, 30, 0);
  }

  private BatchWriter writer(PersistenceConfig config) {
    acknowledge = config.ack() == Ack.NONE;
    return writer(() -> config);
  }

  private BatchWriter writer(Supplier<PersistenceConfig> config) {
    return new BatchWriter(
        vertx, store, config, metrics, new RowLedger(metrics), trimmed::addAll, listener);
  }

  private BatchWriter writer(RowLedger ledger) {
    return new BatchWriter(
        vertx,
        store,
        () -> config(Ack.COMMIT, 10, Duration.ZERO, 1_000),
        metrics,
        ledger,
        trimmed::addAll,
        listener);
  }

  @Test
  void sendsAtOnceWhenIdle() {
    onLoop(
        () -> {
          writer.resume();
          writer.add(Predictions.rows(1), acknowledge);
          return assertThat(store.batches).hasSize(1);
        });
  }

  @Test
  void batchesRowsThatArriveWhileABatchIsInFlight() {
    var inFlight = Promise.<Void>promise();
    store.script = batch -> inFlight.future();

    var last =
        onLoop(
            () -> {
              writer.resume();
              writer.add(List.of(Predictions.row("A")), acknowledge);
              writer.add(List.of(Predictions.row("B")), acknowledge);
              var added = writer.add(List.of(Predictions.row("C")), acknowledge);
              assertThat(store.batches).containsExactly(List.of("A"));
              inFlight.complete();
              return added;
            });

    await(last);
    assertThat(store.batches).containsExactly(List.of("A"), List.of("B", "C"));
  }

  @Test
  void lingersForAFullBatchOfAcknowledgedRows() {
    writer = writer(config(Ack.NONE, 3, Duration.ofSeconds(10), 1_000));
    var inFlight = Promise.<Void>promise();
    store.script = batch -> inFlight.future();

    onLoop(
        () -> {
          writer.resume();
          writer.add(List.of(Predictions.row("A")), acknowledge);
          writer.add(List.of(Predictions.row("B")), acknowledge);
          inFlight.complete();
          assertThat(store.batches).containsExactly(List.of("A"));
          writer.add(List.of(Predictions.row("C")), acknowledge);
          assertThat(store.batches).containsExactly(List.of("A"));
          writer.add(List.of(Predictions.row("D")), acknowledge);
          return assertThat(store.batches).containsExactly(List.of("A"), List.of("B", "C", "D"));
        });
  }

  @Test
  void sendsAPartialBatchAfterLingering() {
    writer = writer(config(Ack.NONE, 100, Duration.ofMillis(5), 1_000));
    var inFlight = Promise.<Void>promise();
    store.script = batch -> inFlight.future();

    var lingered =
        onLoop(
            () -> {
              writer.resume();
              writer.add(List.of(Predictions.row("A")), acknowledge);
              var added = writer.add(List.of(Predictions.row("B")), acknowledge);
              inFlight.complete();
              return added;
            });

    await(lingered);
    assertThat(store.batches).containsExactly(List.of("A"), List.of("B"));
  }

  @Test
  void doesNotLingerWhenTheClockWasSetBack() {
    writer = writer(config(Ack.JOURNAL, 100, Duration.ofSeconds(10), 1_000));
    var inFlight = Promise.<Void>promise();
    store.script = batch -> inFlight.future();
    var row = Predictions.row("B");
    long inAnHour = System.currentTimeMillis() + TimeUnit.HOURS.toMillis(1);
    var journaled = new Entry(1, 1, inAnHour, RowFormat.write(List.of(row)));

    onLoop(
        () -> {
          writer.resume();
          writer.add(List.of(Predictions.row("A")), acknowledge);
          writer.addJournaled(List.of(row), journaled);
          inFlight.complete();
          return assertThat(store.batches).containsExactly(List.of("A"), List.of("B"));
        });
  }

  @Test
  void sendsNothingBeforeItIsResumed() {
    onLoop(
        () -> {
          writer.add(Predictions.rows(3), acknowledge);
          assertThat(store.batches).isEmpty();
          writer.resume();
          return assertThat(store.stored).containsExactly("S0", "S1", "S2");
        });
  }

  @Test
  void refusesAllRowsThatExceedTheCapacity() {
    writer = writer(config(Ack.COMMIT, 10, Duration.ZERO, 5));

    var refused =
        onLoop(
            () -> {
              writer.add(Predictions.rows(4), acknowledge);
              return writer.add(Predictions.rows(2), acknowledge);
            });

    assertThatThrownBy(() -> await(refused))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.OVERLOADED));
    assertThat(writer.queued()).isEqualTo(4);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42})
  void storesEveryRowOnceAndInOrderWhenTheStoreFailsAtRandom(long seed) {
    var random = new Random(seed);
    store.script =
        batch -> random.nextInt(3) > 0 ? Future.failedFuture(GONE) : vertx.timer(1).mapEmpty();
    var expected = new ArrayList<String>();

    var all =
        onLoop(
            () -> {
              writer.resume();
              var added = new ArrayList<Future<Recorded>>();
              for (int i = 0; i < 60; i++) {
                var rows = Predictions.rows(1 + random.nextInt(7));
                expected.addAll(Predictions.shipments(rows));
                added.add(writer.add(rows, acknowledge));
              }
              return Future.all(added);
            });

    await(all);
    assertThat(store.stored).isEqualTo(expected);
    assertThat(listener.failures).isPositive();
    assertThat(writer.queued()).isZero();
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42})
  void findsRejectedRowsByBisectionAndStoresTheOthersInOrder(long seed) {
    writer = writer(config(Ack.COMMIT, 50, Duration.ZERO, 1_000));
    var random = new Random(seed);
    Set<String> poison = new HashSet<>();
    for (int i = 0; i < 4; i++) poison.add("S" + random.nextInt(200));
    store.script =
        batch -> {
          if (random.nextInt(4) == 0) return Future.failedFuture(GONE);
          return Predictions.shipments(batch).stream().anyMatch(poison::contains)
              ? Future.failedFuture(REFUSED)
              : Future.succeededFuture();
        };
    var predictions = Predictions.rows(200);

    var results =
        onLoop(
            () -> {
              writer.resume();
              return predictions.stream().map(p -> writer.add(List.of(p), acknowledge)).toList();
            });

    await(Future.all(results));
    for (int i = 0; i < results.size(); i++) {
      assertThat(results.get(i).result().refused())
          .as("S%d", i)
          .hasSize(poison.contains("S" + i) ? 1 : 0);
    }
    assertThat(store.rejected).containsExactlyInAnyOrderElementsOf(poison);
    assertThat(store.stored)
        .containsExactlyElementsOf(
            Predictions.shipments(predictions).stream().filter(s -> !poison.contains(s)).toList());
    assertThat(registry.counter("cp.db.rows", "outcome", "rejected").count())
        .isEqualTo(poison.size());
    assertThat(registry.counter("cp.db.rows", "outcome", "stored").count())
        .isEqualTo(200 - poison.size());
  }

  @Test
  void reportsTheRejectedRowsOfARequest() {
    var predictions = Predictions.rows(5);
    store.script =
        batch ->
            Predictions.shipments(batch).contains("S3")
                ? Future.failedFuture(REFUSED)
                : Future.succeededFuture();

    var refused =
        onLoop(
            () -> {
              writer.resume();
              return writer.add(predictions, acknowledge);
            });

    assertThat(await(refused).refused()).containsExactly(predictions.get(3).id());
    assertThat(store.stored).containsExactly("S0", "S1", "S2", "S4");
  }

  @Test
  void continuesAfterARowThatCannotBeSetAside() {
    var predictions = Predictions.rows(3);
    store.script =
        batch ->
            Predictions.shipments(batch).contains("S0")
                ? Future.failedFuture(REFUSED)
                : Future.succeededFuture();
    store.rejection =
        Future.failedFuture(new PgException("unsupported Unicode", "ERROR", "22P05", null));

    var refused =
        onLoop(
            () -> {
              writer.resume();
              return writer.add(predictions, acknowledge);
            });

    assertThat(await(refused).refused()).containsExactly(predictions.get(0).id());
    assertThat(store.stored).containsExactly("S1", "S2");
    assertThat(listener.failures).isZero();
    assertThat(registry.counter("cp.db.rows", "outcome", "rejected").count()).isEqualTo(1);
  }

  @Test
  void appliesASmallerBatchSizeFromTheNextBatchOn() {
    Deque<PersistenceConfig> configs = new ArrayDeque<>();
    configs.add(config(Ack.COMMIT, 100, Duration.ZERO, 1_000));
    writer = writer(configs::peekLast);

    onLoop(
        () -> {
          writer.add(Predictions.rows(4), acknowledge);
          configs.add(config(Ack.COMMIT, 3, Duration.ZERO, 1_000));
          writer.resume();
          return null;
        });

    assertThat(store.batches).containsExactly(List.of("S0", "S1", "S2"), List.of("S3"));
  }

  @Test
  void storesLingeringRowsWhenDraining() {
    writer = writer(config(Ack.NONE, 100, Duration.ofSeconds(10), 1_000));
    var inFlight = Promise.<Void>promise();
    store.script = batch -> inFlight.future();

    var left =
        onLoop(
            () -> {
              writer.resume();
              writer.add(List.of(Predictions.row("A")), acknowledge);
              writer.add(List.of(Predictions.row("B")), acknowledge);
              inFlight.complete();
              return writer.drain(Duration.ofSeconds(5));
            });

    assertThat(await(left)).isZero();
    assertThat(store.stored).containsExactly("A", "B");
  }

  @Test
  void stopsDrainingAfterTheGracePeriodAndCountsTheRest() {
    store.script = batch -> Promise.<Void>promise().future();

    var left =
        onLoop(
            () -> {
              writer.resume();
              writer.add(Predictions.rows(7), acknowledge);
              return writer.drain(Duration.ofMillis(5));
            });

    assertThat(await(left)).isEqualTo(7);
  }

  @Test
  void pipelinesFullBatchesOfABacklogInOrder() {
    var results = new ArrayDeque<Promise<Void>>();
    store.script =
        batch -> {
          var promise = Promise.<Void>promise();
          results.add(promise);
          return promise.future();
        };
    var rows = Predictions.rows(95);

    var all =
        onLoop(
            () -> {
              var added = writer.add(rows, acknowledge);
              writer.resume();
              assertThat(store.batches).hasSize(4).allMatch(batch -> batch.size() == 10);
              while (!results.isEmpty()) results.remove().complete();
              return added;
            });

    assertThat(await(all)).isEqualTo(Recorded.ALL);
    assertThat(store.stored).isEqualTo(Predictions.shipments(rows));
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42})
  void resendsFailedBatchesOfSeveralInFlightInOrder(long seed) {
    var random = new Random(seed);
    store.script =
        batch -> {
          boolean poisoned = Predictions.shipments(batch).contains("S41");
          int outcome = random.nextInt(5);
          return vertx
              .timer(1 + random.nextInt(3))
              .compose(
                  later -> {
                    if (outcome == 0) return Future.failedFuture(GONE);
                    return poisoned ? Future.failedFuture(REFUSED) : Future.succeededFuture();
                  });
        };
    var rows = Predictions.rows(200);
    var entries = entries(rows, 3);

    onLoop(
        () -> {
          for (int i = 0; i < 50; i++) {
            writer.addJournaled(rows.subList(3 * i, 3 * i + 3), entries.get(i));
          }
          writer.addRecovered(entries.subList(50, entries.size()));
          writer.resume();
          return null;
        });
    var left = onLoop(() -> writer.drain(Duration.ofSeconds(5)));

    assertThat(await(left)).isZero();
    assertThat(store.stored).hasSize(199).doesNotHaveDuplicates().doesNotContain("S41");
    assertThat(store.rejected).containsExactly("S41");
    assertThat(trimmed).containsExactlyInAnyOrderElementsOf(entries);
  }

  @Test
  void trimsARecordOnceAllItsRowsAreSettled() {
    var results = new ArrayList<Promise<Void>>();
    store.script =
        batch -> {
          results.add(Promise.promise());
          return results.get(results.size() - 1).future();
        };
    var rows = Predictions.rows(15);
    var entry = entries(rows, 15).get(0);

    onLoop(
        () -> {
          writer.addJournaled(rows, entry);
          writer.resume();
          results.get(0).complete();
          assertThat(trimmed).isEmpty();
          assertThat(writer.journaled()).containsExactly(entry.sequence());
          results.get(1).complete();
          return assertThat(trimmed).containsExactly(entry);
        });
  }

  @Test
  void sendsRowsThatOtherThreadsJournal() {
    var ledger = new RowLedger(metrics);
    writer = writer(ledger);
    var rows = Predictions.rows(40);
    var entries = entries(rows, 4);
    onLoop(
        () -> {
          writer.resume();
          return null;
        });

    for (int i = 0; i < 10; i++) {
      writer.addJournaled(rows.subList(4 * i, 4 * i + 4), entries.get(i));
      assertThat(ledger.balance().acknowledged()).isEqualTo(4 * (i + 1));
      assertThat(ledger.balance().balanced()).isTrue();
    }
    int left = await(onLoop(() -> writer.drain(Duration.ofSeconds(5))));

    assertThat(left).isZero();
    assertThat(store.stored).containsExactlyElementsOf(Predictions.shipments(rows));
    assertThat(trimmed).containsExactlyElementsOf(entries);
    assertThat(ledger.balance()).isEqualTo(new RowLedger.Balance(0, 40, 40, 0, 0, 0));
  }

  /** Rows that are handed over wake the event loop once, not for each batch of a busy writer. */
  @Test
  void takesJournaledRowsWhenABatchIsStored() {
    var inFlight = Promise.<Void>promise();
    store.script = batch -> inFlight.future();
    var rows = Predictions.rows(3);
    var entries = entries(rows, 1);
    onLoop(
        () -> {
          writer.resume();
          return writer.add(List.of(Predictions.row("first")), true);
        });

    for (int i = 0; i < 3; i++) writer.addJournaled(rows.subList(i, i + 1), entries.get(i));

    assertThat(writer.queued()).isEqualTo(4);
    onLoop(
        () -> {
          assertThat(store.batches).containsExactly(List.of("first"));
          inFlight.complete();
          return assertThat(store.batches)
              .containsExactly(List.of("first"), Predictions.shipments(rows));
        });
  }

  @Test
  void reportsAndCountsAnIdOfAnotherShipment() {
    var ledger = new RowLedger(metrics);
    writer = writer(ledger);
    var rows =
        List.<JournalRow>of(
            Predictions.row("A"), Predictions.row("taken B"), Predictions.row("taken C"));

    var unstored =
        onLoop(
            () -> {
              writer.resume();
              return writer.add(rows, false);
            });

    assertThat(await(unstored))
        .isEqualTo(new Recorded(null, List.of(), List.of(rows.get(1).id(), rows.get(2).id())));
    assertThat(store.rejected).as("by the writer").isEmpty();
    assertThat(ledger.balance()).isEqualTo(new RowLedger.Balance(0, 3, 1, 0, 2, 0));
    assertThat(registry.get("cp.db.rows").tag("outcome", "conflict").counter().count())
        .isEqualTo(2);
    assertThat(registry.get("cp.db.rows").tag("outcome", "rejected").counter().count()).isZero();
  }

  @Test
  void balancesTheLedgerForEveryRow() {
    var ledger = new RowLedger(metrics);
    writer = writer(ledger);
    store.script =
        batch -> {
          assertThat(ledger.balance().balanced()).isTrue();
          return Predictions.shipments(batch).contains("S3")
              ? Future.failedFuture(REFUSED)
              : Future.succeededFuture();
        };
    var journaled = Predictions.rows(25);
    var entries = entries(journaled, 5);

    onLoop(
        () -> {
          writer.addRecovered(entries.subList(0, 1));
          for (int i = 1; i < 5; i++) {
            writer.addJournaled(journaled.subList(5 * i, 5 * i + 5), entries.get(i));
          }
          writer.countDropped(2);
          assertThat(ledger.balance()).isEqualTo(new RowLedger.Balance(5, 22, 0, 25, 0, 2));
          writer.resume();
          return writer.add(Predictions.rows(7), false);
        });

    assertThat(ledger.balance()).isEqualTo(new RowLedger.Balance(5, 29, 30, 0, 2, 2));
    assertThat(ledger.balance().balanced()).isTrue();
  }

  /** Splits {@code rows} into records of {@code each} rows. */
  private static List<Entry> entries(List<JournalRow> rows, int each) {
    var entries = new ArrayList<Entry>();
    for (int from = 0; from < rows.size(); from += each) {
      var some = rows.subList(from, Math.min(from + each, rows.size()));
      entries.add(new Entry(entries.size() + 1, 1, 1, RowFormat.write(some)));
    }
    return entries;
  }

  private <T> T onLoop(Callable<T> work) {
    var done = Promise.<T>promise();
    context.runOnContext(
        go -> {
          try {
            done.complete(work.call());
          } catch (Throwable e) {
            done.fail(e);
          }
        });
    return await(done.future());
  }

  private static <T> T await(Future<T> future) {
    try {
      return future.await(60, SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError(e);
    }
  }
}
