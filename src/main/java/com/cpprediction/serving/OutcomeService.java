package com.cpprediction.serving;

import com.cpprediction.bus.Bus;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Set;

/**
 * The use case of outcomes: reports of where shipments truly went in, judged predictions out, over
 * HTTP and the event bus alike. Fails with {@link ServiceException}s only.
 */
public final class OutcomeService {
  static final int MAX = 1_000;

  private static final Set<String> KNOWN = Set.of("outcomes");

  private final Vertx vertx;

  public OutcomeService(Vertx vertx) {
    this.vertx = vertx;
  }

  /**
   * Reads the body of {@code POST /outcomes}; on any thread.
   *
   * @param caller its name, or empty
   */
  public static List<OutcomeReport> read(JsonObject body, String caller) {
    ShipmentReader.onlyKnown(body, KNOWN);
    if (!(body.getValue("outcomes") instanceof JsonArray outcomes)) {
      throw ShipmentReader.malformed("outcomes must be an array");
    }
    if (outcomes.isEmpty() || outcomes.size() > MAX) {
      throw ShipmentReader.malformed(
          "outcomes has " + outcomes.size() + " items, must have 1 to " + MAX);
    }
    return outcomes.stream().map(item -> OutcomeReport.read(item, caller)).toList();
  }

  /** Responds to {@code POST /outcomes}, once all good items are committed. */
  public Future<Reply> report(List<OutcomeReport> items, Deadline deadline, String requestId) {
    if (deadline.over()) return Future.failedFuture(Deadline.exceeded());
    return judge(items.stream().filter(OutcomeReport::good).toList(), deadline)
        .map(judged -> Reply.of(response(items, judged)))
        .recover(
            cause ->
                Future.failedFuture(
                    Failure.of(cause) == Failure.DEADLINE_EXCEEDED
                        ? late()
                        : Problem.logged(cause, requestId, items.size() + " outcomes")));
  }

  private Future<JsonArray> judge(List<OutcomeReport> good, Deadline deadline) {
    if (good.isEmpty()) return Future.succeededFuture(new JsonArray());
    var told = new JsonArray(good.stream().map(OutcomeReport::told).toList());
    var options =
        new DeliveryOptions().setLocalOnly(true).setSendTimeout(deadline.remainingMillis());
    return vertx.eventBus().<JsonArray>request(Bus.JUDGE, told, options).map(reply -> reply.body());
  }

  private static ServiceException late() {
    return Failure.DEADLINE_EXCEEDED.because(
        "No answer within the caller's time; whether the outcomes are stored is unknown. Send them"
            + " again: each is stored once");
  }

  /**
   * @param judged the results of the good ones
   */
  private static JsonObject response(List<OutcomeReport> items, JsonArray judged) {
    var results = new JsonArray(new ArrayList<>(items.size()));
    var counts = new EnumMap<Verdict, Integer>(Verdict.class);
    var next = judged.iterator();
    for (var item : items) {
      var result = item.good() ? (JsonObject) next.next() : item.refusal();
      results.add(result);
      if (item.good()) counts.merge(Verdict.of(result.getString("result")), 1, Integer::sum);
    }
    var summary = new JsonObject().put("count", items.size());
    for (var verdict : Verdict.values()) {
      summary.put(verdict.label(), counts.getOrDefault(verdict, 0));
    }
    summary.put("failed", items.size() - judged.size());
    return new JsonObject().put("results", results).put("summary", summary);
  }
}
