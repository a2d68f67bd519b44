package com.cpprediction.persistence;

import com.cpprediction.config.DatabaseConfig;
import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.config.PersistenceConfig.Ack;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Batch;
import com.cpprediction.prediction.Bus;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what was answered: {@link Bus#RECORD} to a bounded queue, to batches, to PostgreSQL, and
 * reads it back for {@link Bus#STORED} and {@link Bus#POPULAR}. Runs on an event loop. It starts
 * whether or not the database can be reached, and goes on trying; undeploying it stores what is
 * queued first.
 */
public final class PersistenceVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(PersistenceVerticle.class);
  private static final long DAY_MILLIS = TimeUnit.DAYS.toMillis(1);
  private static final long CLOSE_SECONDS = 1;

  private final Supplier<String> uri;
  private final DatabaseConfig.Pool pool;
  private final ServiceMetrics metrics;
  private final Duration grace;
  private final Ack ack;
  private volatile PersistenceConfig config;
  private volatile BatchWriter writer;
  private volatile DatabaseWatch watch;
  private volatile boolean stopping;
  private Database database;
  private PredictionTable table;

  /**
   * @param uri {@code postgresql://…}, asked for once, when the verticle starts
   * @param grace how long {@link #stop} waits for queued rows to be stored; leaving the database
   *     may take another second
   */
  public PersistenceVerticle(
      PersistenceConfig config,
      Supplier<String> uri,
      DatabaseConfig.Pool pool,
      ServiceMetrics metrics,
      Duration grace) {
    this.config = config;
    this.ack = config.ack();
    this.uri = uri;
    this.pool = pool;
    this.metrics = metrics;
    this.grace = grace;
  }

  /**
   * Completes after the first try to connect and migrate, whatever came of it.
   *
   * @throws IllegalArgumentException when the URI is malformed
   */
  @Override
  public Future<?> start() {
    var where = DatabaseUri.parse(uri.get());
    var clock = Clock.systemUTC();
    var schema = new Schema(where, clock);
    database = new Database(vertx, where.options(), pool, () -> config.statementTimeout());
    table = new PredictionTable(database);
    watch =
        new DatabaseWatch(
            vertx,
            clock,
            () -> {
              schema.migrate();
              return null;
            },
            table::probe,
            new Backoff(new Random()));
    writer = new BatchWriter(vertx, table, () -> config, metrics, watch);
    metrics.queuedRows(writer::queued);
    vertx.setPeriodic(DAY_MILLIS, timer -> makePartitions(schema));
    var bus = vertx.eventBus();
    return Future.all(
            bus.localConsumer(Bus.RECORD, this::keep).completion(),
            bus.<String>localConsumer(Bus.STORED, message -> read(message, table::byShipment))
                .completion(),
            bus.<Integer>localConsumer(Bus.POPULAR, message -> read(message, table::popular))
                .completion())
        .compose(listening -> watch.start(writer));
  }

  private void makePartitions(Schema schema) {
    vertx
        .executeBlocking(
            () -> {
              schema.partitions();
              return null;
            },
            false)
        .onFailure(cause -> log.error("Cannot make partitions ahead", cause));
  }

  private void keep(Message<Batch> message) {
    if (stopping) {
      fail(message, Failure.NOT_READY.because("The service is stopping, so nothing was kept"));
      return;
    }
    if (ack == Ack.COMMIT && !watch.status().up()) {
      fail(message, databaseDown());
      return;
    }
    var kept = writer.add(message.body().predictions());
    if (ack == Ack.NONE && !kept.failed()) {
      message.reply(new JsonArray());
    } else {
      kept.onSuccess(
              refused ->
                  message.reply(new JsonArray(refused.stream().map(UUID::toString).toList())))
          .onFailure(cause -> fail(message, cause));
    }
  }

  private <T> void read(Message<T> message, Function<T, Future<JsonArray>> query) {
    if (!watch.status().up()) {
      fail(message, databaseDown());
      return;
    }
    query
        .apply(message.body())
        .onSuccess(message::reply)
        .onFailure(
            cause -> {
              log.warn("Cannot read predictions. {}", Trouble.describe(cause));
              fail(
                  message,
                  Trouble.of(cause) == Trouble.DATA
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

  /**
   * Changes batch size, linger, queue capacity and statement timeout from the next batch on; {@code
   * ack} stays as it was. From any thread.
   */
  public void apply(PersistenceConfig changed) {
    config =
        new PersistenceConfig(
            ack,
            changed.batchSize(),
            changed.linger(),
            changed.queueCapacity(),
            changed.statementTimeout());
  }

  /**
   * Whether a prediction could be kept now as {@code persistence.ack} promises: with {@code commit}
   * the database is up and migrated, with {@code none} the queue has room. From any thread.
   */
  public boolean ready() {
    if (writer == null || stopping) return false;
    return ack == Ack.COMMIT ? watch.status().up() : writer.queued() < config.queueCapacity();
  }

  /**
   * {@code {"status":"up"|"down","since":…,"queued":rows,"error":…}}, the last only while down.
   * From any thread.
   */
  public JsonObject health() {
    if (writer == null) return new JsonObject().put("status", "down").put("queued", 0);
    var status = watch.status();
    var health =
        new JsonObject()
            .put("status", status.up() ? "up" : "down")
            .put("since", status.since().toString())
            .put("queued", writer.queued());
    return status.up() ? health : health.put("error", status.reason());
  }

  @Override
  public Future<?> stop() {
    stopping = true;
    return writer
        .drain(grace)
        .compose(
            left -> {
              if (left > 0) log.error("{} predictions were not stored before the stop", left);
              watch.stop();
              // A frozen server would keep a clean good-bye waiting.
              return database.close().timeout(CLOSE_SECONDS, TimeUnit.SECONDS).otherwiseEmpty();
            });
  }
}
