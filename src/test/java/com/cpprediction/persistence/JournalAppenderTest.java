package com.cpprediction.persistence;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.RecordBatch;
import com.cpprediction.bus.RecordReply;
import com.cpprediction.bus.RecordRequest;
import com.cpprediction.bus.Recorded;
import com.cpprediction.config.JournalConfig;
import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.journal.Journal;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The journal on threads of callers. */
@ExtendWith(VertxExtension.class)
class JournalAppenderTest {
  private static final RecordReply KEPT = new RecordReply(List.of(Recorded.ALL));
  private static final long HEAP = 1L << 30;

  /** No sync has the journal during a test. */
  private static final Duration NEVER = Duration.ofHours(1);

  @TempDir private Path directory;
  private final ServiceMetrics metrics = Predictions.metrics();
  private final PersistenceConfig config = ServiceConfig.defaults().persistence();
  private final AtomicReference<Context> thread = new AtomicReference<>();
  private Vertx vertx;
  private BatchWriter writer;
  private PredictionRecorder recorder;
  private String deployment;
  private final AtomicLong nanos = new AtomicLong();
  private volatile long tick; // of each look at the ticker
  private final AtomicInteger atOnce = new AtomicInteger(); // batches

  @BeforeEach
  void prepare(Vertx vertx) {
    this.vertx = vertx;
  }

  @Test
  void keepsEachRowOnceOfManyThreads() throws Exception {
    var appender = open(Duration.ofMillis(10));
    var sent = new ArrayList<UUID>();
    var calls = new ArrayList<Callable<List<Future<RecordReply>>>>();
    for (int i = 0; i < 4; i++) {
      var batches = batches(300);
      for (var batch : batches) {
        sent.add(batch.requests().get(0).predictions().get(0).request().id());
      }
      boolean first = i % 2 == 0;
      calls.add(
          () ->
              batches.stream()
                  .map(batch -> first ? atOnceOrLater(appender, batch) : later(batch))
                  .toList());
    }

    var threads = Executors.newFixedThreadPool(4);
    try {
      for (var done : threads.invokeAll(calls)) {
        for (var kept : done.get()) assertThat(kept.await(60, SECONDS)).isEqualTo(KEPT);
      }
    } finally {
      threads.shutdown();
    }
    vertx.undeploy(deployment).await(60, SECONDS);

    assertThat(journaled()).hasSize(1_200).containsExactlyInAnyOrderElementsOf(sent);
    assertThat(writer.queued()).isEqualTo(1_200);
    assertThat(atOnce).hasPositiveValue();
  }

  @Test
  void leavesABatchToItsThreadWhileAnotherOneWrites() throws Exception {
    var appender = open(NEVER);
    var writing = new CountDownLatch(1);
    var written = new CountDownLatch(1);
    var other =
        new Thread(
            () ->
                atOnce(
                    appender,
                    batch -> {
                      writing.countDown();
                      await(written);
                      return Future.succeededFuture(KEPT);
                    }));
    other.start();
    writing.await();

    assertThat(atOnce(appender, JournalAppenderTest::unexpected)).isNull();
    written.countDown();
    other.join();
    assertThat(atOnce(appender, recorder::record)).isNotNull();
  }

  @Test
  void leavesBatchesToItsThreadForASecondAfterASlowAppend() throws Exception {
    var appender = open(NEVER);

    tick = Duration.ofMillis(6).toNanos();
    assertThat(atOnce(appender, recorder::record)).isNotNull();
    tick = 0;

    nanos.addAndGet(Duration.ofMillis(999).toNanos());
    assertThat(atOnce(appender, JournalAppenderTest::unexpected)).isNull();
    nanos.addAndGet(Duration.ofMillis(2).toNanos());
    assertThat(atOnce(appender, recorder::record)).isNotNull();
  }

  /** An interrupted thread closes the file that it writes. */
  @Test
  void refusesABatchThatAnEventLoopCouldNotAppendAndKeepsNothingOfIt() throws Exception {
    var appender = open(NEVER);
    Thread.currentThread().interrupt();

    var reply = atOnce(appender, recorder::record);

    assertThat(Thread.interrupted()).isTrue();
    var recorded = Objects.requireNonNull(reply).await(60, SECONDS).results().get(0);
    assertThat(Objects.requireNonNull(recorded.failure()).failure()).isEqualTo(Failure.OVERLOADED);
    vertx.undeploy(deployment).await(60, SECONDS);
    assertThat(journaled()).isEmpty();
  }

  @Test
  void leavesALargeBatchToItsThread() throws Exception {
    var appender = open(NEVER);
    var most = new RecordBatch(List.of(new RecordRequest(Predictions.many(32))));
    var more = new RecordBatch(List.of(new RecordRequest(Predictions.many(33))));

    assertThat(appender.atOnce(most, recorder::record)).isNotNull();
    assertThat(appender.atOnce(more, JournalAppenderTest::unexpected)).isNull();
  }

  @Test
  void leavesBatchesToItsThreadThatWaitForTheDisk() throws Exception {
    var appender = open(Duration.ZERO);

    assertThat(atOnce(appender, JournalAppenderTest::unexpected)).isNull();
  }

  @Test
  void takesNothingOnceItIsClosed() throws Exception {
    var appender = open(NEVER);
    vertx.undeploy(deployment).await(60, SECONDS);

    assertThat(atOnce(appender, JournalAppenderTest::unexpected)).isNull();
  }

  private JournalAppender open(Duration sync) throws Exception {
    var opened = new AtomicReference<JournalAppender>();
    var loop = vertx.getOrCreateContext();
    writer = // paused
        new BatchWriter(
            vertx,
            new NoStore(),
            () -> config,
            metrics,
            new RowLedger(metrics),
            entries -> {},
            new Unheard());
    var comparisons =
        new ComparisonWriter(
            vertx,
            rows -> Future.succeededFuture(),
            () -> false,
            entries -> {},
            Clock.systemUTC(),
            metrics);
    deployment =
        vertx
            .deployVerticle(
                new JournalVerticle(
                    () -> {
                      thread.set(vertx.getOrCreateContext());
                      var appender =
                          new JournalAppender(
                              vertx,
                              loop,
                              directory,
                              new JournalConfig(64 << 20, sync),
                              HEAP,
                              () -> 0,
                              Clock.systemUTC(),
                              metrics,
                              new RecentIds(),
                              writer,
                              comparisons,
                              () -> nanos.addAndGet(tick));
                      opened.set(appender);
                      return appender;
                    },
                    appender -> Future.succeededFuture(),
                    () -> Future.succeededFuture()),
                JournalVerticle.OPTIONS)
            .await(60, SECONDS);
    recorder = PredictionRecorder.journaling(opened.get(), () -> config, new RecentIds(), writer);
    return opened.get();
  }

  private Future<RecordReply> atOnceOrLater(JournalAppender appender, RecordBatch batch) {
    var kept = appender.atOnce(batch, recorder::record);
    if (kept == null) return later(batch);
    atOnce.incrementAndGet();
    return kept;
  }

  /** On the thread of the journal. */
  private Future<RecordReply> later(RecordBatch batch) {
    var promise = Promise.<RecordReply>promise();
    thread.get().runOnContext(run -> recorder.record(batch).onComplete(promise));
    return promise.future();
  }

  private static @Nullable Future<RecordReply> atOnce(
      JournalAppender appender, Function<RecordBatch, Future<RecordReply>> record) {
    return appender.atOnce(batches(1).get(0), record);
  }

  private static Future<RecordReply> unexpected(RecordBatch batch) {
    throw new AssertionError("appended");
  }

  private static List<RecordBatch> batches(int count) {
    return Predictions.many(count).stream()
        .map(prediction -> new RecordBatch(List.of(new RecordRequest(List.of(prediction)))))
        .toList();
  }

  /** The ids of the rows in the closed journal. */
  private List<UUID> journaled() {
    var ids = new ArrayList<UUID>();
    try (var journal = Journal.in(directory, Clock.systemUTC(), cause -> {})) {
      for (var entry : journal.inspect().waiting()) {
        for (int at : RowFormat.rows(entry.body())) {
          ids.add(((PredictionRow) RowFormat.read(entry.body(), at)).id());
        }
      }
    }
    assertThat(new HashSet<>(ids)).hasSameSizeAs(ids);
    return ids;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static final class NoStore implements PredictionStore {
    @Override
    public Future<Inserted> insert(List<JournalRow> rows) {
      throw new AssertionError("paused");
    }

    @Override
    public Future<Void> reject(JournalRow row, Throwable refusal) {
      throw new AssertionError("paused");
    }
  }

  private static final class Unheard implements BatchWriter.Listener {
    @Override
    public void available() {}

    @Override
    public void unavailable(Throwable cause) {}
  }
}
