package com.cpprediction.history;

import com.cpprediction.bus.Bus;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.postgres.Bisection;
import com.cpprediction.postgres.SqlFailure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the meters once a minute and stores what they counted since; stores the marks of {@link
 * Bus#MARK}. While the database is down the newest {@value #MAX_MINUTES} minutes and {@value
 * #MAX_MARKS} marks wait in memory. For use from one event loop.
 */
public final class HistoryRecorder {
  static final int MAX_MINUTES = 1_440;
  static final int MAX_MARKS = 500;

  private static final Logger log = LoggerFactory.getLogger(HistoryRecorder.class);
  private static final long MINUTE_MILLIS = Duration.ofMinutes(1).toMillis();
  private static final double NANOS_PER_SECOND = Duration.ofSeconds(1).toNanos();
  private static final int ROWS_PER_STATEMENT = 60;

  private final Vertx vertx;
  private final HistoryTable table;
  private final ServiceMetrics metrics;
  private final String node;
  private final BooleanSupplier databaseUp;
  private final Clock clock;
  private final LongSupplier nanoTime;
  private final Deque<JsonObject> minutes = new ArrayDeque<>(); // oldest first
  private final Deque<JsonObject> marks = new ArrayDeque<>();
  private @Nullable MessageConsumer<JsonObject> consumer;
  private @Nullable Minute latest;
  private @Nullable Instant lastMinute; // of which there is a row
  private Instant
      started; // of the process, or a little later in the rows after a change of the clock
  private @Nullable Future<Void> storing;
  private long timer = -1;
  private boolean stopped;
  private String lastError = "";

  /**
   * @param node name of this node
   * @param databaseUp whether the database is available
   * @param nanoTime {@link System#nanoTime}: the clock may be set
   */
  public HistoryRecorder(
      Vertx vertx,
      HistoryTable table,
      ServiceMetrics metrics,
      String node,
      BooleanSupplier databaseUp,
      Clock clock,
      LongSupplier nanoTime) {
    this.vertx = vertx;
    this.table = table;
    this.metrics = metrics;
    this.node = node;
    this.databaseUp = databaseUp;
    this.clock = clock;
    this.nanoTime = nanoTime;
    started = clock.instant();
  }

  /** Marks the start, and reads the meters at the end of each minute from now on. */
  public Future<Void> start() {
    consumer = vertx.eventBus().localConsumer(Bus.MARK, message -> mark(message.body()));
    mark(Bus.mark("start", "version " + metrics.version()));
    return sample().onComplete(sampled -> schedule());
  }

  /** Stores the last part of a minute and the mark of the stop. */
  public Future<Void> stop() {
    stopped = true;
    vertx.cancelTimer(timer);
    if (consumer != null) consumer.unregister();
    return sample()
        .compose(
            sampled -> {
              mark(Bus.mark("stop", ""));
              return store();
            });
  }

  private void schedule() {
    if (stopped) return;
    long delay = MINUTE_MILLIS - clock.millis() % MINUTE_MILLIS;
    timer = vertx.setTimer(delay, fired -> sample().onComplete(sampled -> schedule()));
  }

  /** Reads the meters, on a worker, and stores the time since they were read last. */
  Future<Void> sample() {
    if (!metrics.on()) return store();
    return vertx
        .executeBlocking(() -> Minute.read(metrics, clock.instant(), nanoTime.getAsLong()), false)
        .compose(
            now -> {
              if (latest != null) add(latest, now);
              latest = now;
              return store();
            });
  }

  private void add(Minute earlier, Minute now) {
    var minute = earlier.at().truncatedTo(ChronoUnit.MINUTES);
    if (lastMinute != null && !minute.isAfter(lastMinute)) {
      started = started.plus(1, ChronoUnit.MICROS); // the clock was set back: a key of their own
    }
    lastMinute = minute;
    if (minutes.size() == MAX_MINUTES) minutes.removeFirst();
    minutes.add(
        now.since(earlier, (now.nanos() - earlier.nanos()) / NANOS_PER_SECOND)
            .put("minute", minute.toString())
            .put("node", node)
            .put("started", started.toString()));
  }

  /**
   * @param told {@code kind} and {@code text}
   */
  private void mark(JsonObject told) {
    if (marks.size() == MAX_MARKS) marks.removeFirst();
    marks.add(
        new JsonObject()
            .put("at", clock.instant().toString())
            .put("node", node)
            .put("kind", told.getString("kind"))
            .put("text", told.getString("text")));
    store();
  }

  /** Stores waiting rows; completes also where they can't be stored now. */
  private Future<Void> store() {
    if (storing != null) return storing.compose(before -> store());
    if (!databaseUp.getAsBoolean() || minutes.isEmpty() && marks.isEmpty()) {
      return Future.succeededFuture();
    }
    var stored =
        store(minutes, table::storeMinutes).compose(done -> store(marks, table::storeMarks));
    storing = stored;
    return stored
        .onComplete(done -> storing = null)
        .compose(done -> store())
        .onSuccess(done -> lastError = "")
        .recover(
            cause -> {
              var reason = SqlFailure.describe(cause);
              if (!reason.equals(lastError))
                log.warn("Cannot store the history for now. {}", reason);
              lastError = reason;
              return Future.succeededFuture();
            });
  }

  private static Future<Void> store(
      Deque<JsonObject> waiting, Function<List<JsonObject>, Future<Void>> statement) {
    if (waiting.isEmpty()) return Future.succeededFuture();
    var batch = waiting.stream().limit(ROWS_PER_STATEMENT).toList();
    return Bisection.store(batch, statement)
        .onSuccess(
            refused -> {
              batch.forEach(waiting::remove);
              for (var one : refused) {
                log.error(
                    "PostgreSQL refuses a row of the history (SQLSTATE {}); it is not kept",
                    SqlFailure.sqlState(one.cause()));
              }
            })
        .mapEmpty();
  }
}
