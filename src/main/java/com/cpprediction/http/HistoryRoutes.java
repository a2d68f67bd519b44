package com.cpprediction.http;

import com.cpprediction.bus.Bus;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.serving.ShipmentReader;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.function.Function;
import java.util.function.Supplier;

/** {@code GET /history}. */
final class HistoryRoutes {
  /** Points of a response at most. */
  static final int MAX_POINTS = 1_500;

  private static final Duration USUAL_SPAN = Duration.ofDays(1);
  private static final int MINUTE = 60;
  private static final int[] STEPS = { // seconds
    MINUTE, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400
  };
  private static final int MAX_NODE = 255;
  private static final long LATEST = 253_402_300_799L; // the end of the year 9999

  private final Vertx vertx;
  private final ByteBudget budget;
  private final Supplier<Duration> timeout;
  private final Clock clock;

  /**
   * @param timeout longest time that a query may take
   */
  HistoryRoutes(Vertx vertx, ByteBudget budget, Supplier<Duration> timeout, Clock clock) {
    this.vertx = vertx;
    this.budget = budget;
    this.timeout = timeout;
    this.clock = clock;
  }

  void history(RoutingContext ctx) {
    var query = query(ctx);
    budget.rejectIfFull();
    Bus.<Buffer>ask(vertx, Bus.HISTORY, query, Deadline.in(timeout.get()))
        .onSuccess(body -> Exchange.respond(ctx, body))
        .onFailure(ctx::fail);
  }

  private JsonObject query(RoutingContext ctx) {
    var to = one(ctx, "to", clock.instant(), HistoryRoutes::time);
    var from = one(ctx, "from", to.minus(USUAL_SPAN), HistoryRoutes::time);
    if (!from.isBefore(to)) throw ShipmentReader.malformed("from must be before to");
    var step = one(ctx, "step", 0, Integer::valueOf);
    long seconds = Duration.between(from, to).toSeconds();
    if (ctx.queryParam("step").isEmpty()) step = step(seconds);
    if (step < MINUTE || step % MINUTE != 0 || seconds / step > MAX_POINTS) {
      throw ShipmentReader.malformed(
          "step must be whole minutes in seconds, from %d on for so long a time"
              .formatted(step(seconds)));
    }
    var node = one(ctx, "node", "", Function.identity());
    if (node.length() > MAX_NODE) throw ShipmentReader.malformed("node is too long");
    return new JsonObject()
        .put("from", from.toString())
        .put("to", to.toString())
        .put("step_seconds", step)
        .put("node", node);
  }

  /** The finest step of which {@code seconds} have no more than {@link #MAX_POINTS}. */
  private static int step(long seconds) {
    for (int step : STEPS) if (seconds / step <= MAX_POINTS) return step;
    throw ShipmentReader.malformed("The time from from to to is too long");
  }

  private static Instant time(String text) {
    var time = Instant.parse(text);
    if (time.isBefore(Instant.EPOCH) || time.isAfter(Instant.ofEpochSecond(LATEST))) {
      throw new DateTimeParseException("Not a time of the calendar", text, 0);
    }
    return time;
  }

  private static <T> T one(RoutingContext ctx, String name, T usual, Function<String, T> read) {
    var given = ctx.queryParam(name);
    if (given.isEmpty()) return usual;
    if (given.size() > 1) throw ShipmentReader.malformed("Name one " + name);
    try {
      return read.apply(given.get(0));
    } catch (DateTimeParseException e) {
      throw ShipmentReader.malformed(name + " must be a time such as 2026-11-29T03:00:00Z");
    } catch (NumberFormatException e) {
      throw ShipmentReader.malformed(name + " must be a whole number");
    }
  }
}
