package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.HealthReport;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Predicate;

/** {@code GET /health}, {@code /health/live} and {@code /health/ready}. */
public final class HealthRoutes {
  private final HealthReport health;
  private final Predicate<RoutingContext> operator;

  /**
   * @param operator whether the caller is an operator: only operators get more than states
   */
  public HealthRoutes(HealthReport health, Predicate<RoutingContext> operator) {
    this.health = health;
    this.operator = operator;
  }

  /** Everything an operator wants to know; 200 as long as the process responds. */
  void all(RoutingContext ctx) {
    Exchange.answer(ctx, operator.test(ctx) ? health.describe() : health.states());
  }

  /** Whether this process is worth keeping: depends on nothing else. */
  void live(RoutingContext ctx) {
    Exchange.answer(ctx, new JsonObject().put("status", "up"));
  }

  /** Whether requests should be sent here now. */
  void ready(RoutingContext ctx) {
    var reasons = health.notReady();
    if (!reasons.isEmpty()) throw Failure.NOT_READY.because("Not ready: " + reasons);
    Exchange.answer(ctx, new JsonObject().put("status", "ready"));
  }
}
