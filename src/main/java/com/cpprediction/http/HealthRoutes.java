package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.HealthReport;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Predicate;

/** {@code GET /health}, {@code /health/live} and {@code /health/ready}. */
final class HealthRoutes {
  private final HealthReport health;
  private final Predicate<RoutingContext> operator;

  /**
   * @param operator whether the caller is an operator, who gets details beyond the states
   */
  HealthRoutes(HealthReport health, Predicate<RoutingContext> operator) {
    this.health = health;
    this.operator = operator;
  }

  /** State of every check; 200 as long as the process responds. */
  void all(RoutingContext ctx) {
    Exchange.respond(ctx, operator.test(ctx) ? health.describe() : health.states());
  }

  /** Liveness; independent of any check. */
  void live(RoutingContext ctx) {
    Exchange.respond(ctx, new JsonObject().put("status", "up"));
  }

  /** Readiness for requests. */
  void ready(RoutingContext ctx) {
    var reasons = health.notReady();
    if (!reasons.isEmpty()) throw Failure.NOT_READY.because("Not ready: " + reasons);
    Exchange.respond(ctx, new JsonObject().put("status", "ready"));
  }
}
