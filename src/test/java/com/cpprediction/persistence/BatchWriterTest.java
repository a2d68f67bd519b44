package com.cpprediction.persistence;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.config.PersistenceConfig.Ack;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction;
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
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
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

  /**
   * Keeps what it is given; a script decides what comes of each insert, and may keep it waiting.
   */
  private static final class FakeStore implements PredictionStore {
    final List<List<String>> batches = new ArrayList<>();
    final List<String> stored = new ArrayList<>();
    final List<String> rejected = new ArrayList<>();
    Function<List<Prediction>, Future<Void>> script = batch -> Future.succeededFuture();
    Future<Void> rejection = Future.succeededFuture();

    @Override
    public Future<Integer> insert(List<Prediction> predictions) {
      batches.add(Predictions.shipments(predictions));
      return script
          .apply(predictions)
          .map(
              ok -> {
                stored.addAll(Predictions.shipments(predictions));
                return predictions.size();
              });
    }

    @Override
    public Future<Void> reject(Prediction prediction, Throwable refusal) {
      rejected.add(prediction.request().shipmentId());
      return rejection;
    }
  }

  /** Resumes a writer at once, as a database that is back at once. */
  private final class Resuming implements BatchWriter.Listener {
    int failures;

    @Override
    public void worked() {}

    @Override
    public void failed(Throwable cause) {
      failures++;
      context.runOnContext(again -> writer.resume());
    }
  }

  private final FakeStore store = new FakeStore();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final ServiceMetrics metrics = new ServiceMetrics(registry, "test");
  private final Resuming listener = new Resuming();
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
    return new PersistenceConfig(ack, batchSize, linger, capacity, Duration.ofSeconds(5));
  }

  private BatchWriter writer(PersistenceConfig config) {
    return new BatchWriter(vertx, store, () -> config, metrics, listener);
  }

  @Test
  void anIdleWriterSendsAtOnce() {
    onLoop(
        () -> {
          writer.resume();
          writer.add(Predictions.many(1));
          return assertThat(store.batches).hasSize(1);
        });
  }

  @Test
  void whatArrivesWhileABatchIsInFlightGoesTogetherWithTheNext() {
    var inFlight = Promise.<Void>promise();
    store.script = batch -> inFlight.future();

    var last =
        onLoop(
            () -> {
              writer.resume();
              writer.add(List.of(Predictions.of("A")));
              writer.add(List.of(Predictions.of("B")));
              var added = writer.add(List.of(Predictions.of("C")));
              assertThat(store.batches).containsExactly(List.of("A"));
              inFlight.complete();
              return added;
            });

    await(last);
    assertThat(store.batches).containsExactly(List.of("A"), List.of("B", "C"));
  }

  @Test
  void rowsThatNobodyWaitsForLingerForCompany() {
    writer = writer(config(Ack.NONE, 3, Duration.ofSeconds(10), 1_000));
    var inFlight = Promise.<Void>promise();
    store.script = batch -> inFlight.future();

    onLoop(
        () -> {
          writer.resume();
          writer.add(List.of(Predictions.of("A")));
          writer.add(List.of(Predictions.of("B")));
          inFlight.complete();
          assertThat(store.batches).containsExactly(List.of("A"));
          writer.add(List.of(Predictions.of("C")));
          assertThat(store.batches).containsExactly(List.of("A"));
          writer.add(List.of(Predictions.of("D")));
          return assertThat(store.batches).containsExactly(List.of("A"), List.of("B", "C", "D"));
        });
  }

  @Test
  void lingeringEnds() {
    writer = writer(config(Ack.NONE, 100, Duration.ofMillis(5), 1_000));
    var inFlight = Promise.<Void>promise();
    store.script = batch -> inFlight.future();

    var lingered =
        onLoop(
            () -> {
              writer.resume();
              writer.add(List.of(Predictions.of("A")));
              var added = writer.add(List.of(Predictions.of("B")));
              inFlight.complete();
              return added;
            });

    await(lingered);
    assertThat(store.batches).containsExactly(List.of("A"), List.of("B"));
  }

  @Test
  void nothingIsSentBeforeTheStoreIsThere() {
    onLoop(
        () -> {
          writer.add(Predictions.many(3));
          assertThat(store.batches).isEmpty();
          writer.resume();
          return assertThat(store.stored).containsExactly("S0", "S1", "S2");
        });
  }

  @Test
  void refusesWhatDoesNotFitAndKeepsNoneOfIt() {
    writer = writer(config(Ack.COMMIT, 10, Duration.ZERO, 5));

    var refused =
        onLoop(
            () -> {
              writer.add(Predictions.many(4));
              return writer.add(Predictions.many(2));
            });

    assertThatThrownBy(() -> await(refused))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.OVERLOADED));
    assertThat(writer.queued()).isEqualTo(4);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42})
  void everyRowIsStoredOnceAndInOrderHoweverOftenTheStoreFails(long seed) {
    var random = new Random(seed);
    store.script =
        batch -> random.nextInt(3) > 0 ? Future.failedFuture(GONE) : vertx.timer(1).mapEmpty();
    var expected = new ArrayList<String>();

    var all =
        onLoop(
            () -> {
              writer.resume();
              var added = new ArrayList<Future<List<UUID>>>();
              for (int i = 0; i < 60; i++) {
                var rows = Predictions.many(1 + random.nextInt(7));
                expected.addAll(Predictions.shipments(rows));
                added.add(writer.add(rows));
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
  void refusedRowsAreFoundAndTheOthersStoredInOrder(long seed) {
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
    var predictions = Predictions.many(200);

    var answers =
        onLoop(
            () -> {
              writer.resume();
              return predictions.stream().map(p -> writer.add(List.of(p))).toList();
            });

    await(Future.all(answers));
    for (int i = 0; i < answers.size(); i++) {
      assertThat(answers.get(i).result()).as("S%d", i).hasSize(poison.contains("S" + i) ? 1 : 0);
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
  void aCallerHearsWhichOfItsRowsWereRefused() {
    var predictions = Predictions.many(5);
    store.script =
        batch ->
            Predictions.shipments(batch).contains("S3")
                ? Future.failedFuture(REFUSED)
                : Future.succeededFuture();

    var refused =
        onLoop(
            () -> {
              writer.resume();
              return writer.add(predictions);
            });

    assertThat(await(refused)).containsExactly(predictions.get(3).request().id());
    assertThat(store.stored).containsExactly("S0", "S1", "S2", "S4");
  }

  @Test
  void aRowThatCannotEvenBeSetAsideHoldsNothingUp() {
    var predictions = Predictions.many(3);
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
              return writer.add(predictions);
            });

    assertThat(await(refused)).containsExactly(predictions.get(0).request().id());
    assertThat(store.stored).containsExactly("S1", "S2");
    assertThat(listener.failures).isZero();
    assertThat(registry.counter("cp.db.rows", "outcome", "rejected").count()).isEqualTo(1);
  }

  @Test
  void aSmallerBatchSizeHoldsFromTheNextBatchOn() {
    Deque<PersistenceConfig> configs = new ArrayDeque<>();
    configs.add(config(Ack.COMMIT, 100, Duration.ZERO, 1_000));
    writer = new BatchWriter(vertx, store, configs::peekLast, metrics, listener);

    onLoop(
        () -> {
          writer.add(Predictions.many(4));
          configs.add(config(Ack.COMMIT, 3, Duration.ZERO, 1_000));
          writer.resume();
          return null;
        });

    assertThat(store.batches).containsExactly(List.of("S0", "S1", "S2"), List.of("S3"));
  }

  @Test
  void drainingStoresWhatLingers() {
    writer = writer(config(Ack.NONE, 100, Duration.ofSeconds(10), 1_000));
    var inFlight = Promise.<Void>promise();
    store.script = batch -> inFlight.future();

    var left =
        onLoop(
            () -> {
              writer.resume();
              writer.add(List.of(Predictions.of("A")));
              writer.add(List.of(Predictions.of("B")));
              inFlight.complete();
              return writer.drain(Duration.ofSeconds(5));
            });

    assertThat(await(left)).isZero();
    assertThat(store.stored).containsExactly("A", "B");
  }

  @Test
  void drainingGivesUpAfterItsGraceAndCountsWhatIsLeft() {
    store.script = batch -> Promise.<Void>promise().future();

    var left =
        onLoop(
            () -> {
              writer.resume();
              writer.add(Predictions.many(7));
              return writer.drain(Duration.ofMillis(5));
            });

    assertThat(await(left)).isEqualTo(7);
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
      return future.await(5, SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError(e);
    }
  }
}
