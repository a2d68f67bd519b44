package com.cpprediction.outcomes;

import com.cpprediction.bus.Bus;
import com.cpprediction.logging.RequestId;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.outcomes.OutcomeTable.Outcome;
import com.cpprediction.postgres.Bulkhead;
import com.cpprediction.postgres.SqlFailure;
import com.cpprediction.prediction.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores reported outcomes, judges outcomes that arrived before their predictions, and publishes
 * counts: every 5 s, and 250 ms after a report. Pauses while the database is down. For use from one
 * event loop.
 */
public final class OutcomeJudge {
  private static final Logger log = LoggerFactory.getLogger(OutcomeJudge.class);

  private static final long INTERVAL_MILLIS = 5_000;

  /** Delay of a count after a report, so that many reports share one. */
  private static final long SOON_DELAY_MILLIS = 250;

  /** Concurrent stores: they contend for the same locks, and reads need connections too. */
  private static final int MAX_CONCURRENT = 4;

  /** Waiting requests, each of up to 1,000 outcomes. */
  private static final int MAX_WAITING = 64;

  private static final int NO_TIMER = -1;

  private final Vertx vertx;
  private final OutcomeTable table;
  private final Bulkhead bulkhead;
  private final BooleanSupplier databaseUp;
  private final IntSupplier windowDays;
  private final Clock clock;
  private final ServiceMetrics metrics;
  private long timer = NO_TIMER; // NO_TIMER during a pass
  private boolean soon;
  private boolean stopped;
  private String lastError = "";

  /**
   * @param maxWait longest time that a request waits for a free store
   * @param databaseUp whether the database is available
   * @param windowDays days to count, today included; read before each count
   */
  public OutcomeJudge(
      Vertx vertx,
      OutcomeTable table,
      Duration maxWait,
      BooleanSupplier databaseUp,
      IntSupplier windowDays,
      Clock clock,
      ServiceMetrics metrics) {
    this.vertx = vertx;
    this.table = table;
    bulkhead = new Bulkhead(vertx, "the database", MAX_CONCURRENT, MAX_WAITING, maxWait);
    this.databaseUp = databaseUp;
    this.windowDays = windowDays;
    this.clock = clock;
    this.metrics = metrics;
  }

  public void start() {
    schedule(SOON_DELAY_MILLIS);
  }

  public void stop() {
    stopped = true;
    vertx.cancelTimer(timer);
  }

  /** Stores and judges outcomes; request and response are those of {@link Bus#JUDGE}. */
  public Future<JsonArray> judge(JsonArray reported) {
    var outcomes =
        reported.stream()
            .map(JsonObject.class::cast)
            .map(
                outcome ->
                    new Outcome(
                        outcome.getString("shipment_id"),
                        outcome.getString("cp"),
                        outcome.getString("author", "")))
            .toList();
    return bulkhead
        .run(() -> table.store(outcomes))
        .onSuccess(
            judged -> {
              for (var outcome : judged) {
                metrics.outcome(Verdict.of(((JsonObject) outcome).getString("result")));
              }
              countSoon();
            });
  }

  /** Schedules a count before the regular interval ends. */
  public void countSoon() {
    if (soon) return;
    soon = true;
    if (timer != NO_TIMER && vertx.cancelTimer(timer)) schedule(SOON_DELAY_MILLIS);
  }

  private void schedule(long millis) {
    if (!stopped) timer = vertx.setTimer(millis, fired -> pass());
  }

  private void pass() {
    RequestId.clear(); // the pass may run in the context of a request
    timer = NO_TIMER;
    soon = false;
    judgeLateAndCount()
        .onSuccess(
            more -> {
              lastError = "";
              schedule(more || soon ? SOON_DELAY_MILLIS : INTERVAL_MILLIS);
            })
        .onFailure(
            cause -> {
              var reason = SqlFailure.describe(cause);
              if (!stopped && !reason.equals(lastError)) {
                log.warn("Cannot count outcomes for now. {}", reason);
              }
              lastError = reason;
              schedule(INTERVAL_MILLIS);
            });
  }

  /** Returns whether more late outcomes are due. */
  private Future<Boolean> judgeLateAndCount() {
    if (!databaseUp.getAsBoolean()) return Future.succeededFuture(false);
    return table
        .judgeLate()
        .compose(judged -> count().map(counted -> judged == OutcomeTable.RETRY_BATCH));
  }

  private Future<Void> count() {
    int days = windowDays.getAsInt();
    var since = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC).minusDays(days - 1L);
    return table
        .count(since)
        .map(
            counts -> {
              var counted =
                  new JsonObject()
                      .put("window_days", days)
                      .put("since", since.toString())
                      .put("counted_at", clock.instant().toString())
                      .mergeIn(counts);
              Bus.publishLocal(vertx, Bus.OUTCOMES_COUNTED, counted);
              return null;
            });
  }
}
