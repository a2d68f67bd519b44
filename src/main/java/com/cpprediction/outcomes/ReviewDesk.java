package com.cpprediction.outcomes;

import com.cpprediction.bus.Bus;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.ReviewResult;
import com.cpprediction.outcomes.ReviewTable.Limits;
import com.cpprediction.outcomes.ReviewTable.Reviewer;
import com.cpprediction.outcomes.ReviewTable.Selection;
import com.cpprediction.postgres.Bulkhead;
import com.cpprediction.postgres.Database;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;

/**
 * Deals doubtful shipments to reviewers and stores what they decide. For use from one event loop.
 */
public final class ReviewDesk {
  /** Concurrent statements: reports and predictions need connections, too. */
  private static final int MAX_CONCURRENT = 2;

  private static final int MAX_WAITING = 64;

  private final ReviewTable table;
  private final Bulkhead bulkhead;
  private final Runnable decided;
  private final ServiceMetrics metrics;

  /**
   * @param maxWait longest time that a request waits for its turn
   * @param decided called after a change of the outcomes
   */
  public ReviewDesk(
      Vertx vertx, Database database, Duration maxWait, Runnable decided, ServiceMetrics metrics) {
    table = new ReviewTable(database);
    bulkhead = new Bulkhead(vertx, "the database", MAX_CONCURRENT, MAX_WAITING, maxWait);
    this.decided = decided;
    this.metrics = metrics;
  }

  /** Serves a call; request and response are those of {@link Bus#REVIEW}. */
  public Future<JsonObject> serve(JsonObject call) {
    var reviewer = new Reviewer(call.getString("caller"), call.getString("desk", ""));
    return bulkhead.run(
        () ->
            switch (call.getString("action")) {
              case "list" -> list(call);
              case "claim" -> claim(call, reviewer);
              case "decide" -> decide(call, reviewer);
              case "skip" -> skip(call, reviewer);
              case "undo" -> undo(call, reviewer);
              default -> throw new IllegalArgumentException(call.getString("action"));
            });
  }

  private Future<JsonObject> list(JsonObject call) {
    var selection = selection(call);
    var limits = limits(call);
    return table
        .page(selection, limits, call.getInteger("limit"), call.getString("after"))
        .compose(
            page -> table.waiting(selection, limits).map(waiting -> page.put("waiting", waiting)));
  }

  private Future<JsonObject> claim(JsonObject call, Reviewer reviewer) {
    return table
        .claim(reviewer, selection(call), limits(call), call.getInteger("count"), time(call))
        .map(
            shipments ->
                new JsonObject()
                    .put("shipments", shipments)
                    .put("seconds", time(call).toSeconds()));
  }

  private Future<JsonObject> decide(JsonObject call, Reviewer reviewer) {
    return table
        .decide(reviewer, shipment(call), call.getString("cp"))
        .onSuccess(
            outcome -> {
              if ((boolean) outcome.remove("repeated")) return;
              var result = outcome.getString("result").toUpperCase(Locale.ROOT);
              metrics.reviewed(ReviewResult.valueOf(result));
              decided.run();
            })
        .onFailure(this::countConflict);
  }

  private Future<JsonObject> skip(JsonObject call, Reviewer reviewer) {
    return table
        .skip(reviewer, shipment(call))
        .map(new JsonObject().put("shipment_id", shipment(call)))
        .onSuccess(skipped -> metrics.reviewed(ReviewResult.SKIPPED));
  }

  private Future<JsonObject> undo(JsonObject call, Reviewer reviewer) {
    return table
        .undo(reviewer, shipment(call), limits(call), time(call))
        .onSuccess(
            undone -> {
              metrics.reviewed(ReviewResult.UNDONE);
              decided.run();
            })
        .onFailure(this::countConflict);
  }

  private void countConflict(Throwable cause) {
    if (Failure.of(cause) == Failure.CONFLICT) metrics.reviewed(ReviewResult.CONFLICT);
  }

  private static String shipment(JsonObject call) {
    return Objects.requireNonNull(call.getString("shipment_id"));
  }

  private static Selection selection(JsonObject call) {
    return new Selection(
        call.getString("kind", ""),
        call.getString("prefix"),
        "worst".equals(call.getString("order")));
  }

  private static Limits limits(JsonObject call) {
    return new Limits(call.getDouble("below"), call.getDouble("doubt"), call.getInteger("days"));
  }

  private static Duration time(JsonObject call) {
    return Duration.ofSeconds(call.getLong("claim_seconds"));
  }
}
