package com.cpprediction.persistence;

import com.cpprediction.audit.AuditRecorder;
import com.cpprediction.audit.AuditTable;
import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ComparisonBatch;
import com.cpprediction.bus.DirectRecorder;
import com.cpprediction.bus.RecordBatch;
import com.cpprediction.bus.RecordReply;
import com.cpprediction.config.DatabaseConfig;
import com.cpprediction.config.JournalConfig;
import com.cpprediction.config.MetricsConfig;
import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.config.PersistenceConfig.Ack;
import com.cpprediction.history.HistoryReader;
import com.cpprediction.history.HistoryRecorder;
import com.cpprediction.history.HistoryTable;
import com.cpprediction.history.PrometheusSource;
import com.cpprediction.journal.Entry;
import com.cpprediction.journal.Journal;
import com.cpprediction.logging.RequestId;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.outcomes.OutcomeJudge;
import com.cpprediction.outcomes.OutcomeTable;
import com.cpprediction.outcomes.OutcomeWeeks;
import com.cpprediction.outcomes.ReviewDesk;
import com.cpprediction.postgres.Backoff;
import com.cpprediction.postgres.Bulkhead;
import com.cpprediction.postgres.Database;
import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.SqlFailure;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.ShadowComparison;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores predictions, comparisons and outcomes in PostgreSQL and reads them back: consumes {@link
 * Bus#RECORD}, {@link Bus#COMPARED} and the addresses of queries, such as {@link Bus#STORED},
 * {@link Bus#POPULAR}, {@link Bus#JUDGE} and {@link Bus#HISTORY}. Runs on an event loop; the
 * journal is written on a thread of its own, and by a {@link DirectRecorder} on those of its
 * callers. Starts with or without the database and a writable journal, and retries both; {@link
 * #stop} stores queued rows first, and leaves the rest in the journal.
 */
public final class PersistenceVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(PersistenceVerticle.class);
  private static final long CLOSE_SECONDS = 1;

  /**
   * Reports (the history, outcomes by week) at a time, each on one connection: they take long, and
   * stored predictions are read from the same pool.
   */
  private static final int MAX_REPORTS = 2;

  private static final int MAX_WAITING_REPORTS = 16;

  private static final Duration REWRITE_BACKOFF =
      Duration.ofSeconds(2); // the journal reopens after 1

  /** Name of the file with the entries of the audit log that wait for PostgreSQL. */
  static final String AUDIT = "audit.ndjson";

  private final JournalConfig journal;
  private final Path directory;
  private final Supplier<String> uri;
  private final DatabaseConfig.Pool pool;
  private final ServiceMetrics metrics;
  private final Duration grace;
  private final Ack ack;
  private final Supplier<PersistenceConfig> config;
  private final RecentIds recent = new RecentIds();
  private @Nullable String node; // where it has a history
  private volatile @Nullable SchemaMaintenance maintenance;
  private volatile @Nullable BatchWriter writer;
  private volatile @Nullable DatabaseWatch watch;
  private volatile @Nullable PersistenceHealth health;
  private volatile @Nullable JournalAppender appender; // with a journal
  private volatile boolean stopping;
  private @Nullable Future<Void> drained; // once it stops
  private Database database;
  private OutcomeJudge outcomes;
  private ReviewDesk review;
  private AuditRecorder audit;
  private ShipmentErasure erasure;
  private ComparisonTable compared;
  private ComparisonWriter comparisons;
  private HistoryTable historyTable;
  private DirectRecorder direct = new DirectRecorder();
  private @Nullable Supplier<MetricsConfig> meters; // where Prometheus may have the history
  private @Nullable HistoryRecorder history;

  /**
   * @param config read at each use, except {@code ack}, which is read once here
   * @param directory of the journal; a file for the audit log is beside it
   * @param uri {@code postgresql://…}, read once by {@link #start}
   * @param grace longest time that {@link #stop} waits for queued rows to be stored; closing the
   *     connections may take another second
   */
  public PersistenceVerticle(
      Supplier<PersistenceConfig> config,
      JournalConfig journal,
      Path directory,
      Supplier<String> uri,
      DatabaseConfig.Pool pool,
      ServiceMetrics metrics,
      Duration grace) {
    this.config = config;
    this.ack = config.get().ack();
    this.journal = journal;
    this.directory = directory;
    this.uri = uri;
    this.pool = pool;
    this.metrics = metrics;
    this.grace = grace;
  }

  /** Keeps the history of this node, of the name {@code name}. To be called before the start. */
  public PersistenceVerticle keepingHistoryOf(String name) {
    node = name;
    return this;
  }

  /**
   * Reads the history from Prometheus where {@code config}, which is read at each use, names one.
   * To be called before the start.
   */
  public PersistenceVerticle readingHistoryFrom(Supplier<MetricsConfig> config) {
    meters = config;
    return this;
  }

  /**
   * Lets callers of {@code direct} append to the journal themselves, with {@code persistence.ack}
   * {@code journal}. To be called before the start.
   */
  public PersistenceVerticle recordingDirectly(DirectRecorder direct) {
    this.direct = direct;
    return this;
  }

  /**
   * Completes after the first attempt to connect and migrate, successful or not.
   *
   * @throws IllegalArgumentException when the URI is malformed
   * @throws com.cpprediction.journal.JournalException when another process has the journal
   */
  @Override
  public Future<?> start() {
    var databaseUri = DatabaseUri.parse(uri.get());
    var clock = Clock.systemUTC();
    var schema = new Schema(databaseUri, clock);
    var maintenance = new SchemaMaintenance(vertx, schema, config);
    database =
        new Database(vertx, databaseUri.options(), pool, () -> config.get().statementTimeout());
    database.poolSizes().forEach(metrics::poolSize);
    var table = new PredictionTable(database);
    var watch =
        new DatabaseWatch(
            vertx,
            clock,
            () -> {
              schema.migrate(config.get().retentionDays());
              maintenance.run(); // not awaited: deleting expired data may take long
              return null;
            },
            table::probe,
            new Backoff(new Random()));
    var ledger = new RowLedger(metrics);
    var rows = new ErasedRows(table, typed -> erasure.late(typed), clock);
    var writer = new BatchWriter(vertx, rows, config, metrics, ledger, this::trim, watch);
    this.maintenance = maintenance;
    this.watch = watch;
    this.writer = writer;
    outcomes =
        new OutcomeJudge(
            vertx,
            new OutcomeTable(database),
            pool.acquireTimeout(),
            this::databaseUp,
            () -> config.get().outcomesWindowDays(),
            clock,
            metrics);
    var rewriter =
        new JournalRewriter(
            vertx,
            until -> writer.settledUntil(until) && comparisons.settledUntil(until),
            this::rewriteJournal,
            REWRITE_BACKOFF,
            clock);
    erasure = new ShipmentErasure(vertx, database, rows, rewriter, clock);
    metrics.erasuresPending(rewriter::pending);
    review = new ReviewDesk(vertx, database, pool.acquireTimeout(), outcomes::countSoon, metrics);
    audit =
        new AuditRecorder(
            vertx, new AuditTable(database), directory.resolveSibling(AUDIT), this::databaseUp);
    compared = new ComparisonTable(database);
    comparisons =
        new ComparisonWriter(
            vertx,
            all -> {
              if (all.stream().anyMatch(one -> rows.isErased(one.shipmentId(), one.id()))) {
                erasure.lateComparisons();
              }
              return compared.insert(all);
            },
            this::databaseUp,
            this::trim,
            clock,
            metrics);
    health = new PersistenceHealth(ack, watch, schema, writer, ledger, comparisons, () -> appender);
    historyTable = new HistoryTable(vertx, database);
    if (node != null) {
      history =
          new HistoryRecorder(
              vertx, historyTable, metrics, node, this::databaseUp, clock, System::nanoTime);
    }
    metrics.databaseUp(this::databaseUp);
    metrics.clockSkewSeconds(() -> schema.skew().toMillis() / 1e3);
    metrics.strayRows(schema::stray);
    metrics.queuedRows(writer::queued);
    metrics.oldestSeconds(writer::oldestSeconds);
    maintenance.start(this::databaseUp);
    return listen(writer)
        .compose(listening -> openJournal(clock, writer))
        .compose(opened -> watch.start(writer))
        .onSuccess(
            connected -> {
              outcomes.start();
              audit.start();
            })
        .compose(connected -> history == null ? Future.succeededFuture() : history.start());
  }

  private Future<?> listen(BatchWriter writer) {
    var bus = vertx.eventBus();
    var queries = new PredictionQueries(database);
    var weeks = new OutcomeWeeks(database, Clock.systemUTC());
    var reports = reports("the database");
    var historyReader =
        new HistoryReader(
            vertx,
            this::prometheus,
            query -> whileUp(() -> reports.run(() -> historyTable.read(query))),
            query -> whileUp(() -> reports.run(() -> historyTable.marks(query))),
            reports("Prometheus"));
    return Future.all(
        List.of(
            switch (ack) {
              case JOURNAL -> Future.succeededFuture(); // consumes on the thread of the journal
              case COMMIT ->
                  Future.all(
                      consume(PredictionRecorder.committing(config, recent, writer)),
                      consumeComparisons(comparisons::add));
              case NONE ->
                  Future.all(
                      consume(PredictionRecorder.queueing(config, recent, writer)),
                      consumeComparisons(comparisons::add));
            },
            bus.<String>localConsumer(
                    Bus.STORED, message -> query(message, "read predictions", queries::byShipment))
                .completion(),
            bus.<Integer>localConsumer(
                    Bus.POPULAR, message -> query(message, "read predictions", queries::popular))
                .completion(),
            bus.<JsonObject>localConsumer(
                    Bus.RECENT, message -> query(message, "read predictions", queries::after))
                .completion(),
            bus.<Integer>localConsumer(
                    Bus.DELIVERED, message -> query(message, "count outcomes", queries::delivered))
                .completion(),
            bus.<JsonObject>localConsumer(
                    Bus.COMPARED_OUTCOMES,
                    message -> query(message, "count comparisons", compared::outcomes))
                .completion(),
            bus.<JsonObject>localConsumer(
                    Bus.CANARY_RUN,
                    message -> query(message, "read the run of the canary", compared::canaryRun))
                .completion(),
            bus.<JsonArray>localConsumer(
                    Bus.JUDGE, message -> query(message, "keep outcomes", outcomes::judge))
                .completion(),
            bus.<JsonObject>localConsumer(
                    Bus.REVIEW, message -> query(message, "review shipments", review::serve))
                .completion(),
            bus.<JsonObject>localConsumer(
                    Bus.AUDITED, message -> query(message, "read the audit log", audit::page))
                .completion(),
            bus.<JsonObject>localConsumer(
                    Bus.OUTCOME_WEEKS,
                    message ->
                        query(
                            message,
                            "read outcomes",
                            asked -> reports.run(() -> weeks.read(asked))))
                .completion(),
            bus.<String>localConsumer(
                    Bus.OUTCOME_OF, message -> query(message, "read outcomes", weeks::ofShipment))
                .completion(),
            bus.<JsonObject>localConsumer(
                    Bus.HISTORY,
                    message ->
                        reply(
                            message,
                            "read the history",
                            historyReader.read(HistoryTable.Query.of(message.body()))))
                .completion(),
            bus.<String>localConsumer(
                    Bus.ERASE, message -> query(message, "erase a shipment", erasure::erase))
                .completion(),
            bus.<JsonObject>consumer(Bus.ERASED, message -> erasure.erased(message)).completion(),
            bus.<JsonObject>localConsumer(Bus.AUDIT, this::audit).completion()));
  }

  private @Nullable PrometheusSource prometheus() {
    var now = meters == null ? null : meters.get();
    return now == null || !now.hasPrometheus()
        ? null
        : new PrometheusSource(
            now.prometheusUrl(), now.prometheusJob(), MetricsConfig.PROMETHEUS_TIMEOUT);
  }

  private Bulkhead reports(String guarded) {
    return new Bulkhead(vertx, guarded, MAX_REPORTS, MAX_WAITING_REPORTS, pool.acquireTimeout());
  }

  private <T> Future<T> whileUp(Supplier<Future<T>> query) {
    return databaseUp() ? query.get() : Future.failedFuture(databaseDown());
  }

  private Future<Void> consume(PredictionRecorder recorder) {
    return vertx
        .eventBus()
        .<RecordBatch>localConsumer(Bus.RECORD, message -> record(message, recorder))
        .completion();
  }

  /**
   * @param keep keeps comparisons, on the context of the caller
   */
  private Future<Void> consumeComparisons(Consumer<List<ShadowComparison>> keep) {
    return vertx
        .eventBus()
        .<ComparisonBatch>localConsumer(
            Bus.COMPARED,
            message -> {
              keep.accept(message.body().comparisons());
              message.reply(null);
            })
        .completion();
  }

  /**
   * Also opens a journal with rows of an earlier process when {@code ack} isn't {@code journal}.
   */
  private Future<?> openJournal(Clock clock, BatchWriter writer) {
    if (ack != Ack.JOURNAL && !Journal.existsIn(directory)) return Future.succeededFuture();
    var loop = vertx.getOrCreateContext();
    long heap = Runtime.getRuntime().maxMemory();
    int room = journal.room(heap);
    if (room < journal.maxBytes()) {
      log.info("The journal takes {} bytes, a quarter of the heap; raise -Xmx for more", room);
    }
    return vertx.deployVerticle(
        new JournalVerticle(
            () ->
                appender =
                    new JournalAppender(
                        vertx,
                        loop,
                        directory,
                        journal,
                        heap,
                        () -> config.get().retentionDays(),
                        clock,
                        metrics,
                        recent,
                        writer,
                        comparisons,
                        System::nanoTime),
            locked ->
                ack == Ack.JOURNAL
                    ? startRecording(locked, writer, loop)
                    : Future.succeededFuture(),
            this::drain),
        JournalVerticle.OPTIONS);
  }

  /** Takes predictions and comparisons for an open journal. */
  private Future<?> startRecording(JournalAppender locked, BatchWriter writer, Context loop) {
    var recorder = PredictionRecorder.journaling(locked, config, recent, writer);
    direct.open(batch -> locked.atOnce(batch, asked -> record(asked, recorder)));
    return Future.all(
        consume(recorder),
        consumeComparisons(
            all -> {
              if (locked.appendComparisons(all)) return;
              loop.runOnContext(run -> comparisons.add(all));
            }));
  }

  /** Also while the database is away. */
  private void audit(Message<JsonObject> message) {
    audit.record(message.body()).onSuccess(message::reply).onFailure(cause -> fail(message, cause));
  }

  private Future<Void> rewriteJournal() {
    var journal = appender;
    return journal == null ? Future.succeededFuture() : journal.rewrite();
  }

  private void trim(Collection<Entry> entries) {
    if (!entries.isEmpty()) Objects.requireNonNull(appender).trim(entries);
  }

  private void record(Message<RecordBatch> message, PredictionRecorder recorder) {
    RequestId.clear(); // later log messages concern the rows of many requests
    if (stopping) {
      fail(message, Failure.NOT_READY.because("The service is stopping, so nothing was kept"));
      return;
    }
    if (ack == Ack.COMMIT && !databaseUp()) {
      fail(message, databaseDown());
      return;
    }
    record(message.body(), recorder)
        .onSuccess(message::reply)
        .onFailure(cause -> fail(message, cause));
  }

  /** A failure of any kind is in the result. */
  private static Future<RecordReply> record(RecordBatch batch, PredictionRecorder recorder) {
    return Future.succeededFuture(batch).compose(recorder::record);
  }

  /**
   * @param purpose continues "Cannot …" in the log
   */
  private <T, R> void query(Message<T> message, String purpose, Function<T, Future<R>> query) {
    if (!databaseUp()) {
      fail(message, databaseDown());
      return;
    }
    reply(message, purpose, query.apply(message.body()));
  }

  private static <R> void reply(Message<?> message, String purpose, Future<R> result) {
    result
        .onSuccess(message::reply)
        .onFailure(
            cause -> {
              if (cause instanceof ServiceException) {
                fail(message, cause);
                return;
              }
              log.warn("Cannot {}. {}", purpose, SqlFailure.describe(cause));
              fail(
                  message,
                  SqlFailure.of(cause) == SqlFailure.ROW_REJECTED
                      ? Failure.INTERNAL.because("PostgreSQL refuses the query")
                      : databaseDown());
            });
  }

  private static RuntimeException databaseDown() {
    return Failure.NOT_READY.because("The database is not available; try again");
  }

  private static void fail(Message<?> message, Throwable cause) {
    message.fail(Failure.of(cause).code(), cause.getMessage());
  }

  /** Drops expired data now, after a change of {@code persistence.retention_days}. Thread-safe. */
  public void applyRetention() {
    if (maintenance != null) maintenance.run();
  }

  /**
   * Whether a prediction could be kept now as {@code persistence.ack} promises: with {@code
   * journal} the journal is writable and has room, with {@code commit} the database is up, with
   * {@code none} the queue has room. Thread-safe.
   */
  public boolean ready() {
    if (writer == null || stopping) return false;
    return switch (ack) {
      case JOURNAL -> appender != null && appender.ready();
      case COMMIT -> databaseUp();
      case NONE -> writer.queued() < config.get().queueCapacity();
    };
  }

  /** Whether the database is up and migrated. Thread-safe. */
  public boolean databaseUp() {
    return watch != null && watch.status().up();
  }

  /**
   * State of the database: {@code
   * {"status":"up"|"down","since","clock_skew_seconds","stray_rows"}}; while down also {@code
   * "reason"}, a word from a closed set, and {@code "error"}, a sentence that may name hosts and
   * users. Thread-safe.
   */
  public JsonObject database() {
    return health == null ? new JsonObject().put("status", "down") : health.database();
  }

  /**
   * The consequence of an outage or of clock skew, in a sentence without hosts and users; empty
   * while all works. Thread-safe.
   */
  public Optional<String> degraded() {
    return health == null ? Optional.of("The database is not connected yet") : health.degraded();
  }

  /**
   * The rows that this process is responsible for, with {@code recovered} + {@code acknowledged} =
   * {@code stored} + {@code waiting} + {@code rejected} + {@code dropped} at any time, and the
   * state of the journal; {@code comparisons} wait beside them. Empty before {@link #start}.
   * Thread-safe.
   */
  public JsonObject health() {
    return health == null ? new JsonObject() : health.rows();
  }

  /** Predictions, refusals and comparisons that wait for PostgreSQL, once started. Thread-safe. */
  public long waiting() {
    return health().getLong("waiting") + comparisons.waiting();
  }

  /** Comparisons that PostgreSQL has taken since the start, once started. Thread-safe. */
  public long storedComparisons() {
    return comparisons.stored();
  }

  /**
   * Whether all predictions, refusals and comparisons that wait are in the journal, or none waits.
   * Thread-safe.
   */
  public boolean keptAll() {
    if (health == null) return true;
    return comparisons.inMemory() == 0 && (ack == Ack.JOURNAL || health().getLong("waiting") == 0);
  }

  @Override
  public Future<?> stop() {
    return drain()
        .compose(done -> stopHistory())
        .compose(
            done -> {
              Objects.requireNonNull(watch, "not started").stop();
              audit.stop();
              // A frozen server delays a clean close of the connections.
              return database.close().timeout(CLOSE_SECONDS, TimeUnit.SECONDS).otherwiseEmpty();
            });
  }

  private Future<Void> stopHistory() {
    return history == null
        ? Future.succeededFuture()
        : history.stop().timeout(CLOSE_SECONDS, TimeUnit.SECONDS).otherwiseEmpty();
  }

  /** Stops recording, and completes once queued rows are stored or the grace is over. */
  private synchronized Future<Void> drain() {
    if (drained != null) return drained;
    stopping = true;
    direct.close();
    var promise = Promise.<Void>promise();
    drained = promise.future();
    context.runOnContext(
        run -> {
          outcomes.stop();
          erasure.stop();
          var compared = comparisons.drain(grace);
          Objects.requireNonNull(writer, "not started")
              .drain(grace)
              .compose(left -> compared.map(left))
              .onSuccess(
                  left -> {
                    if (left > 0) logUnstored(left);
                  })
              .<Void>mapEmpty()
              .onComplete(promise);
        });
    return drained;
  }

  private void logUnstored(int rows) {
    if (ack == Ack.JOURNAL)
      log.info("{} predictions are left in the journal for the next start", rows);
    else log.error("{} predictions were not stored before the stop", rows);
  }
}
