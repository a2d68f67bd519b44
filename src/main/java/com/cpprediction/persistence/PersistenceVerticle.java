package com.cpprediction.persistence;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.RecordRequest;
import com.cpprediction.config.DatabaseConfig;
import com.cpprediction.config.JournalConfig;
import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.config.PersistenceConfig.Ack;
import com.cpprediction.config.PersistenceConfig.WhenFull;
import com.cpprediction.journal.Entry;
import com.cpprediction.journal.Journal;
import com.cpprediction.logging.RequestId;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.outcomes.OutcomeJudge;
import com.cpprediction.outcomes.OutcomeTable;
import com.cpprediction.postgres.Backoff;
import com.cpprediction.postgres.Database;
import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.SqlFailure;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what was answered: {@link Bus#RECORD} to the journal, to batches, to PostgreSQL, and reads
 * it back for {@link Bus#STORED} and {@link Bus#POPULAR}; and what truly happened, of {@link
 * Bus#JUDGE}. Runs on an event loop. It starts whether or not the database can be reached or the
 * journal be written, and goes on trying; undeploying it stores what it can first, and leaves the
 * rest in the journal.
 */
public final class PersistenceVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(PersistenceVerticle.class);
  private static final long UPKEEP_MILLIS = TimeUnit.HOURS.toMillis(1);
  private static final long LOOK_AGAIN_MILLIS = TimeUnit.MINUTES.toMillis(1);
  private static final long CLOSE_SECONDS = 1;

  private final JournalConfig journal;
  private final Path directory;
  private final Supplier<String> uri;
  private final DatabaseConfig.Pool pool;
  private final ServiceMetrics metrics;
  private final Duration grace;
  private final Ack ack;
  private final Supplier<PersistenceConfig> config;
  private volatile BatchWriter writer;
  private volatile DatabaseWatch watch;
  private volatile JournalAppender appender; // null without a journal
  private final RecentIds recent = new RecentIds();
  private RowLedger ledger;
  private volatile boolean stopping;
  private volatile Schema schema;
  private Database database;
  private PredictionTable table;
  private OutcomeJudge outcomes;

  /**
   * @param config in force, read at each use; {@code ack} once, here
   * @param directory of the journal
   * @param uri {@code postgresql://…}, asked for once, when the verticle starts
   * @param grace how long {@link #stop} waits for queued rows to be stored; leaving the database
   *     may take another second
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

  /**
   * Reads {@code database.uri} as {@link #start} does, files that it names included.
   *
   * @return why what is sent to it may be read on its way; empty where it can't
   * @throws IllegalArgumentException when it can't be used; the message never quotes it
   */
  public static Optional<String> checkUri(String uri) {
    return DatabaseUri.parse(uri).warning();
  }

  /**
   * Completes after the first try to connect and migrate, whatever came of it.
   *
   * @throws IllegalArgumentException when the URI is malformed
   * @throws com.cpprediction.journal.JournalException when another process has the journal
   */
  @Override
  public Future<?> start() {
    var where = DatabaseUri.parse(uri.get());
    var clock = Clock.systemUTC();
    schema = new Schema(where, clock);
    database = new Database(vertx, where.options(), pool, () -> config.get().statementTimeout());
    database.sizes().forEach(metrics::poolSize);
    table = new PredictionTable(database);
    watch =
        new DatabaseWatch(
            vertx,
            clock,
            () -> {
              schema.migrate(config.get().retentionDays());
              keepUp(); // aside: what is old may take long to delete, and nobody need wait for it
              return null;
            },
            table::probe,
            new Backoff(new Random()));
    ledger = new RowLedger(metrics);
    writer = new BatchWriter(vertx, table, config, metrics, ledger, this::trim, watch);
    metrics.databaseUp(this::databaseUp);
    metrics.clockSkewSeconds(() -> schema.skew().toMillis() / 1e3);
    metrics.strayRows(schema::stray);
    outcomes =
        new OutcomeJudge(
            vertx,
            new OutcomeTable(database),
            pool.acquireTimeout(),
            this::databaseUp,
            () -> config.get().outcomesWindowDays(),
            clock,
            metrics);
    metrics.queuedRows(writer::queued);
    metrics.oldestSeconds(writer::oldestSeconds);
    vertx.setPeriodic(UPKEEP_MILLIS, timer -> keepUp());
    vertx.setPeriodic(LOOK_AGAIN_MILLIS, timer -> lookAgain());
    var bus = vertx.eventBus();
    return Future.all(
            bus.localConsumer(Bus.RECORD, this::record).completion(),
            bus.<String>localConsumer(
                    Bus.STORED, message -> ask(message, "read predictions", table::byShipment))
                .completion(),
            bus.<Integer>localConsumer(
                    Bus.POPULAR, message -> ask(message, "read predictions", table::popular))
                .completion(),
            bus.<JsonArray>localConsumer(
                    Bus.JUDGE, message -> ask(message, "keep outcomes", outcomes::judge))
                .completion())
        .compose(listening -> openJournal(clock))
        .compose(opened -> watch.start(writer))
        .onSuccess(tried -> outcomes.start());
  }

  /** Also without {@code ack=journal}, when a process before left one with rows in it. */
  private Future<Void> openJournal(Clock clock) {
    if (ack != Ack.JOURNAL && !Journal.existsIn(directory)) return Future.succeededFuture();
    var loop = vertx.getOrCreateContext();
    return vertx
        .executeBlocking(
            () ->
                new JournalAppender(
                    vertx,
                    loop,
                    directory,
                    journal.maxBytes(),
                    journal.sync(),
                    clock,
                    metrics,
                    recent),
            false)
        .compose(
            locked -> {
              appender = locked;
              return locked.start(writer);
            });
  }

  private void trim(Collection<Entry> entries) {
    if (!entries.isEmpty()) appender.trim(entries);
  }

  private void keepUp() {
    vertx
        .executeBlocking(
            () -> {
              schema.partitions(config.get().retentionDays());
              schema.retain(config.get().retentionDays());
              return null;
            },
            false)
        .onFailure(cause -> log.error("Cannot look after the partitions", cause));
  }

  /** A clock that is put right is soon seen to be. */
  private void lookAgain() {
    if (schema.skewed() && watch.status().up()) keepUp();
  }

  private void record(Message<RecordRequest> message) {
    RequestId.forget(); // what is written from here on is the rows of many requests
    if (stopping) {
      fail(message, Failure.NOT_READY.because("The service is stopping, so nothing was kept"));
      return;
    }
    if (ack == Ack.COMMIT && !watch.status().up()) {
      fail(message, databaseDown());
      return;
    }
    var rows = new ArrayList<PredictionRow>();
    var taken = new ArrayList<UUID>();
    for (var prediction : message.body().predictions()) {
      var request = prediction.request();
      if (recent.claim(request.id(), request.address().digest(request.shipmentId()))) {
        rows.add(PredictionRow.of(prediction));
      } else {
        taken.add(request.id());
      }
    }
    var kept = rows.isEmpty() ? Future.succeededFuture(Unstored.NONE) : keep(rows);
    kept.recover(cause -> dropped(rows, cause))
        .onSuccess(unkept -> message.reply(unkept.and(taken).json()))
        .onFailure(cause -> fail(message, cause));
  }

  /** Completes as {@code ack} promises. */
  private Future<Unstored> keep(List<PredictionRow> rows) {
    return switch (ack) {
      case JOURNAL -> appender.keep(rows).map(Unstored.NONE);
      case COMMIT -> writer.add(rows, false);
      case NONE -> {
        var stored = writer.add(rows, true);
        yield stored.failed() ? stored : Future.succeededFuture(Unstored.NONE);
      }
    };
  }

  private Future<Unstored> dropped(List<PredictionRow> rows, Throwable cause) {
    boolean full = cause instanceof ServiceException e && e.failure() == Failure.OVERLOADED;
    if (!full || config.get().whenFull() != WhenFull.DROP) return Future.failedFuture(cause);
    writer.drop(rows.size());
    return Future.succeededFuture(Unstored.NONE);
  }

  private <T> void ask(Message<T> message, String what, Function<T, Future<JsonArray>> query) {
    if (!watch.status().up()) {
      fail(message, databaseDown());
      return;
    }
    query
        .apply(message.body())
        .onSuccess(message::reply)
        .onFailure(
            cause -> {
              if (cause instanceof ServiceException) {
                fail(message, cause);
                return;
              }
              log.warn("Cannot {}. {}", what, SqlFailure.describe(cause));
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

  /** Drops at once, rather than at the next upkeep, what {@code retention_days} has expired. */
  public void applyRetention() {
    if (schema != null) keepUp();
  }

  /**
   * Whether a prediction could be kept now as {@code persistence.ack} promises: with {@code
   * journal} it can be written and has room, with {@code commit} the database is up and migrated,
   * with {@code none} the queue has room. From any thread.
   */
  public boolean ready() {
    if (writer == null || stopping) return false;
    return switch (ack) {
      case JOURNAL -> appender != null && appender.ready();
      case COMMIT -> watch.status().up();
      case NONE -> writer.queued() < config.get().queueCapacity();
    };
  }

  /** Whether the database is up and migrated. From any thread. */
  public boolean databaseUp() {
    return watch != null && watch.status().up();
  }

  /**
   * {@code {"status":"up"|"down","since":…,"reason":…,"error":…}}, the last two only while down:
   * one of few words, and a sentence that may name hosts and users. Then how far this node's clock
   * is ahead of the database's, and how many rows bear times of no month's partition. From any
   * thread.
   */
  public JsonObject database() {
    if (watch == null) return new JsonObject().put("status", "down");
    var status = watch.status();
    var health =
        new JsonObject()
            .put("status", status.up() ? "up" : "down")
            .put("since", status.since().toString())
            .put("clock_skew_seconds", schema.skew().toMillis() / 1e3)
            .put("stray_rows", schema.stray());
    return status.up()
        ? health
        : health.put("reason", status.reason()).put("error", status.detail());
  }

  /**
   * What does not work while the database is down or has another time, in a sentence without hosts
   * and users; empty while all is well. From any thread.
   */
  public Optional<String> degraded() {
    if (watch == null) return Optional.of("The database is not connected yet");
    var status = watch.status();
    if (status.up()) {
      return schema.skewed()
          ? Optional.of(
              "The clocks of this node and PostgreSQL differ by over an hour; no old predictions are dropped")
          : Optional.empty();
    }
    var consequence =
        switch (ack) {
          case JOURNAL -> "predictions wait in the journal";
          case COMMIT -> "no prediction is answered";
          case NONE -> "predictions wait in memory";
        };
    return Optional.of("%s; %s".formatted(status.headline(), consequence));
  }

  /**
   * The rows this process answers for: {@code recovered} + {@code acknowledged} are {@code stored}
   * + {@code waiting} + {@code rejected} + {@code dropped}, always; and the state of the journal.
   * From any thread.
   */
  public JsonObject health() {
    if (writer == null) return new JsonObject();
    var balance = ledger.balance();
    var health =
        new JsonObject()
            .put("ack", ack.label())
            .put("queued", writer.queued())
            .put("oldest_seconds", writer.oldestSeconds())
            .put("recovered", balance.recovered())
            .put("acknowledged", balance.acknowledged())
            .put("stored", balance.stored())
            .put("waiting", balance.waiting())
            .put("rejected", balance.rejected())
            .put("dropped", balance.dropped())
            .put("balanced", balance.balanced());
    var open = appender;
    if (open == null) return health;
    var journaled =
        new JsonObject()
            .put("directory", open.directory().toString())
            .put("bytes", open.waitingBytes())
            .put("max_bytes", open.maxBytes());
    if (open.sqlFailure() != null) journaled.put("error", open.sqlFailure());
    return health.put("journal", journaled);
  }

  @Override
  public Future<?> stop() {
    stopping = true;
    outcomes.stop();
    return writer
        .drain(grace)
        .compose(
            left -> {
              if (left > 0) sayWhatIsLeft(left);
              watch.stop();
              // A frozen server would keep a clean good-bye waiting.
              var goodbye = database.close().timeout(CLOSE_SECONDS, TimeUnit.SECONDS);
              return Future.join(
                      goodbye, appender == null ? Future.succeededFuture() : appender.close())
                  .otherwiseEmpty();
            });
  }

  private void sayWhatIsLeft(int rows) {
    if (ack == Ack.JOURNAL)
      log.info("{} predictions are left in the journal for the next start", rows);
    else log.error("{} predictions were not stored before the stop", rows);
  }
}
