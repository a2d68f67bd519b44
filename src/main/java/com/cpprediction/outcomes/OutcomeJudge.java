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
 * Takes outcomes, goes on looking for the predictions of those that came too early, and publishes
 * how many there are: every few seconds, and soon after some came. While the database is away it
 * waits. To be used from one event loop.
 */
public final class OutcomeJudge {
  private static final Logger log = LoggerFactory.getLogger(OutcomeJudge.class);

  private static final long PAUSE_MILLIS = 5_000;

  /** Many posts share one count. */
  private static final long SOON_MILLIS = 250;

  /** Statements that store at a time: they end one after the other, and reads need room. */
  private static final int AT_ONCE = 4;

  /** Requests that wait for their turn, each of up to 1,000 outcomes. */
  private static final int WAITING = 64;

  private static final int NONE = -1;

  private final Vertx vertx;
  private final OutcomeTable table;
  private final Bulkhead bulkhead;
  private final BooleanSupplier up;
  private final IntSupplier windowDays;
  private final Clock clock;
  private final ServiceMetrics metrics;
  private long timer = NONE; // while none, a pass is under way
  private boolean soon;
  private boolean stopped;
  private String sqlFailure = "";

  /**
   * @param patience how long outcomes wait for their turn to be stored
   * @param up whether the database can be asked
   * @param windowDays days to count, today included; asked for each count
   */
  public OutcomeJudge(
      Vertx vertx,
      OutcomeTable table,
      Duration patience,
      BooleanSupplier up,
      IntSupplier windowDays,
      Clock clock,
      ServiceMetrics metrics) {
    this.vertx = vertx;
    this.table = table;
    bulkhead = new Bulkhead(vertx, AT_ONCE, WAITING, patience);
    this.up = up;
    this.windowDays = windowDays;
    this.clock = clock;
    this.metrics = metrics;
  }

  public void start() {
    schedule(SOON_MILLIS);
  }

  public void stop() {
    stopped = true;
    vertx.cancelTimer(timer);
  }

  /** As {@link Bus#JUDGE}. */
  public Future<JsonArray> judge(JsonArray told) {
    var outcomes =
        told.stream()
            .map(JsonObject.class::cast)
            .map(one -> new Outcome(one.getString("shipment_id"), one.getString("cp")))
            .toList();
    return bulkhead
        .take(() -> table.store(outcomes))
        .onSuccess(
            judged -> {
              for (var one : judged) {
                metrics.outcome(Verdict.of(((JsonObject) one).getString("result")));
              }
              countSoon();
            });
  }

  /** Counts before the pause is over. */
  void countSoon() {
    if (soon) return;
    soon = true;
    if (timer != NONE && vertx.cancelTimer(timer)) schedule(SOON_MILLIS);
  }

  private void schedule(long millis) {
    if (!stopped) timer = vertx.setTimer(millis, fired -> pass());
  }

  private void pass() {
    RequestId.forget(); // of whoever made it come soon
    timer = NONE;
    soon = false;
    work()
        .onSuccess(
            more -> {
              sqlFailure = "";
              schedule(more || soon ? SOON_MILLIS : PAUSE_MILLIS);
            })
        .onFailure(
            cause -> {
              var reason = SqlFailure.describe(cause);
              if (!stopped && !reason.equals(sqlFailure)) {
                log.warn("Cannot count outcomes for now. {}", reason);
              }
              sqlFailure = reason;
              schedule(PAUSE_MILLIS);
            });
  }

  /** Whether there is more to look for. */
  private Future<Boolean> work() {
    if (!up.getAsBoolean()) return Future.succeededFuture(false);
    return table.look().compose(looked -> count().map(counted -> looked == OutcomeTable.LOOKED_AT));
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
