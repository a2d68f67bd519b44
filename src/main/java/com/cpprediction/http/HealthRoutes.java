package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/** {@code GET /health}, {@code /health/live} and {@code /health/ready}. */
final class HealthRoutes {
  private final List<HealthCheck> checks;
  private final BooleanSupplier stopping;

  HealthRoutes(List<HealthCheck> checks, BooleanSupplier stopping) {
    this.checks = List.copyOf(checks);
    this.stopping = stopping;
  }

  /** Everything an operator wants to know; 200 as long as the process answers. */
  void all(RoutingContext ctx) {
    Exchange.answer(ctx, describe());
  }

  /** What {@code GET /health} answers. */
  JsonObject describe() {
    var details = new JsonObject();
    boolean degraded = false;
    for (var check : checks) {
      var detail = check.detail().get().copy().put("ready", check.ready().getAsBoolean());
      var reason = check.degraded().get();
      reason.ifPresent(why -> detail.put("degraded", why));
      degraded |= reason.isPresent();
      details.put(check.name(), detail);
    }
    boolean ready = notReady().isEmpty();
    return new JsonObject()
        .put("status", ready && !degraded ? "up" : "degraded")
        .put("ready", ready)
        .put("checks", details);
  }

  /** Whether this process is worth keeping: depends on nothing else. */
  void live(RoutingContext ctx) {
    Exchange.answer(ctx, new JsonObject().put("status", "up"));
  }

  /** Whether requests should be sent here now. */
  void ready(RoutingContext ctx) {
    var reasons = notReady();
    if (!reasons.isEmpty()) throw Failure.NOT_READY.because("Not ready: " + reasons);
    Exchange.answer(ctx, new JsonObject().put("status", "ready"));
  }

  private String notReady() {
    if (stopping.getAsBoolean()) return "stopping";
    return checks.stream()
        .filter(check -> !check.ready().getAsBoolean())
        .map(HealthCheck::name)
        .collect(Collectors.joining(", "));
  }
}
