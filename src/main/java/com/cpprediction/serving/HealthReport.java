package com.cpprediction.serving;

import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * The states of all health checks, in as much detail as a reader may have. Thread-safe, as the
 * checks are.
 */
public final class HealthReport {
  /** Fields whose values are words of a closed set. */
  private static final Set<String> STATES = Set.of("ready", "status", "outcome", "reason");

  /** Those fields, and the ones that hold times or settings. */
  private static final Set<String> WORDS =
      Set.of("status", "outcome", "reason", "since", "at", "ack");

  /** For operators the reason, for others that there is one. */
  private static final String DEGRADED = "degraded";

  private final List<HealthCheck> checks;
  private final BooleanSupplier stopping;

  /**
   * @param stopping whether the service is shutting down, which makes it not ready
   */
  public HealthReport(List<HealthCheck> checks, BooleanSupplier stopping) {
    this.checks = List.copyOf(checks);
    this.stopping = stopping;
  }

  /** As {@link #describe}, for anyone: states only, each one of a few words. */
  public JsonObject states() {
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
   * As {@link #describe}, for anyone: states and figures, which the meters show too. Paths, hosts,
   * users and messages of servers are texts, and are left out.
   */
  public JsonObject figures() {
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

  /** Every check in full, for operators. */
  public JsonObject describe() {
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

  /** The names of the checks that are not ready, comma-separated; empty when all are. */
  public String notReady() {
    if (stopping.getAsBoolean()) return "stopping";
    return checks.stream()
        .filter(check -> !check.ready().getAsBoolean())
        .map(HealthCheck::name)
        .collect(Collectors.joining(", "));
  }
}
