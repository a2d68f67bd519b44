package com.cpprediction.ablation;

import io.vertx.core.json.JsonObject;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * One state measured once.
 *
 * @param round from 1
 * @param figures what could be measured
 * @param requests that were sent, by phase
 * @param answered predictions that were answered, over all phases
 * @param uncertain requests of whose outcome nothing is known, and which may have been stored
 * @param stored rows in PostgreSQL at the end
 * @param left rows in the journal at the end
 * @param behind rows that waited when the closed loop's rows were waited for no longer: then CPU
 *     per request leaves out what storing them takes
 * @param doubt what makes its figures doubtful; empty when all went as it was to
 * @param errors requests that were not answered, by what came instead
 * @param problem why the run does not count; empty when it does
 */
record Run(
    State state,
    int round,
    Map<Metric, Double> figures,
    Map<String, Long> requests,
    long answered,
    long uncertain,
    long stored,
    long left,
    long behind,
    String doubt,
    Map<String, Long> errors,
    String problem) {
  Run {
    var copy = new EnumMap<Metric, Double>(Metric.class);
    copy.putAll(figures);
    figures = Collections.unmodifiableMap(copy);
    requests = Collections.unmodifiableMap(new LinkedHashMap<>(requests));
    errors = Collections.unmodifiableMap(new TreeMap<>(errors));
  }

  /** One of which nothing can be said but why. */
  static Run failed(State state, int round, String problem) {
    return new Run(state, round, Map.of(), Map.of(), 0, 0, 0, 0, 0, "", Map.of(), problem);
  }

  /** Whether it counts. */
  boolean fine() {
    return problem.isEmpty();
  }

  OptionalDouble figure(Metric metric) {
    var figure = figures.get(metric);
    return figure == null ? OptionalDouble.empty() : OptionalDouble.of(figure);
  }

  JsonObject toJson() {
    var measured = new JsonObject();
    figures.forEach((metric, value) -> measured.put(metric.id(), value));
    var failed = new JsonObject();
    errors.forEach(failed::put);
    var sent = new JsonObject();
    requests.forEach(sent::put);
    return new JsonObject()
        .put("state", state.id())
        .put("round", round)
        .put("figures", measured)
        .put("requests", sent)
        .put("answered", answered)
        .put("uncertain", uncertain)
        .put("stored", stored)
        .put("left", left)
        .put("behind", behind)
        .put("doubt", doubt)
        .put("errors", failed)
        .put("problem", problem);
  }

  /**
   * @throws RuntimeException of any kind when it is not {@link #toJson}'s
   */
  static Run from(JsonObject json) {
    var figures = new EnumMap<Metric, Double>(Metric.class);
    for (var entry : json.getJsonObject("figures")) {
      figures.put(
          Metric.of(entry.getKey()).orElseThrow(), ((Number) entry.getValue()).doubleValue());
    }
    return new Run(
        State.of(json.getString("state")).orElseThrow(),
        json.getInteger("round"),
        figures,
        counts(json.getJsonObject("requests")),
        json.getLong("answered"),
        json.getLong("uncertain"),
        json.getLong("stored"),
        json.getLong("left"),
        json.getLong("behind"),
        json.getString("doubt"),
        counts(json.getJsonObject("errors")),
        json.getString("problem"));
  }

  private static Map<String, Long> counts(JsonObject json) {
    var counts = new LinkedHashMap<String, Long>();
    for (var entry : json) counts.put(entry.getKey(), ((Number) entry.getValue()).longValue());
    return counts;
  }
}
