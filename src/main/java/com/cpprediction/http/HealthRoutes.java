package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** {@code GET /health}, {@code /health/live} and {@code /health/ready}. */
final class HealthRoutes {
  /** What checks say in words of a closed set. */
  private static final Set<String> STATES = Set.of("ready", "status", "outcome", "reason");

  /** Those, and the texts that are times or settings. */
  private static final Set<String> WORDS =
      Set.of("status", "outcome", "reason", "since", "at", "ack");

  /** For operators the reason, for others that there is one. */
  private static final String DEGRADED = "degraded";

  private final List<HealthCheck> checks;
  private final BooleanSupplier stopping;
  private final Predicate<RoutingContext> operator;

  /**
   * @param operator whether who asks is an operator: only they are told more than states
   */
  HealthRoutes(
      List<HealthCheck> checks, BooleanSupplier stopping, Predicate<RoutingContext> operator) {
    this.checks = List.copyOf(checks);
    this.stopping = stopping;
    this.operator = operator;
  }

  /** Everything an operator wants to know; 200 as long as the process answers. */
  void all(RoutingContext ctx) {
    Exchange.answer(ctx, operator.test(ctx) ? describe() : states());
  }

  /** What {@code GET /health} answers to anyone: a state is one of few words. */
  private JsonObject states() {
    var all = describe();
    for (var check : all.getJsonObject("checks")) {
      var detail = (JsonObject) check.getValue();
      boolean degraded = detail.containsKey(DEGRADED);
      detail.getMap().keySet().retainAll(STATES);
      if (degraded) detail.put(DEGRADED, true);
    }
    return all;
  }

  /**
   * As {@link #describe}, for anyone: states and what is counted, which the meters show too. Paths,
   * hosts, users and what servers say are texts, and are left out.
   */
  JsonObject figures() {
    return withoutTexts(describe());
  }

  private static JsonObject withoutTexts(JsonObject whole) {
    var part = new JsonObject();
    for (var field : whole) {
      var value = field.getValue();
      if (value instanceof JsonObject inner) part.put(field.getKey(), withoutTexts(inner));
      else if (value instanceof Number || value instanceof Boolean) part.put(field.getKey(), value);
      else if (WORDS.contains(field.getKey())) part.put(field.getKey(), value);
      else if (field.getKey().equals(DEGRADED)) part.put(DEGRADED, true);
    }
    return part;
  }

  /** What {@code GET /health} answers to operators. */
  JsonObject describe() {
    var details = new JsonObject();
    boolean degraded = false;
    for (var check : checks) {
      var detail = check.detail().get().copy().put("ready", check.ready().getAsBoolean());
      var reason = check.degraded().get();
      reason.ifPresent(why -> detail.put(DEGRADED, why));
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
