package com.cpprediction.ablation;

import io.vertx.core.json.JsonObject;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * Result of measuring one variant in one round.
 *
 * @param round from 1
 * @param figures metrics that could be measured
 * @param requests sent, by phase
 * @param predicted predictions returned, over all phases
 * @param uncertain requests with unknown outcome, whose rows may be stored
 * @param stored rows in PostgreSQL at the end
 * @param left rows in the journal at the end
 * @param behind rows still in the journal when the wait after the closed loop timed out; CPU per
 *     request then excludes storing them
 * @param doubt why figures are doubtful; empty for none
 * @param errors failed requests, by status and code
 * @param problem why the run is invalid; empty when it is valid
 */
record Run(
    Variant variant,
    int round,
    Map<Metric, Double> figures,
    Map<String, Long> requests,
    long predicted,
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

  /** An invalid run without figures. */
  static Run failed(Variant variant, int round, String problem) {
    return new Run(variant, round, Map.of(), Map.of(), 0, 0, 0, 0, 0, "", Map.of(), problem);
  }

  /** Whether tables and ratios include the run. */
  boolean valid() {
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
        .put("state", variant.id())
        .put("round", round)
        .put("figures", measured)
        .put("requests", sent)
        .put("answered", predicted)
        .put("uncertain", uncertain)
        .put("stored", stored)
        .put("left", left)
        .put("behind", behind)
        .put("doubt", doubt)
        .put("errors", failed)
        .put("problem", problem);
  }

  /**
   * Reads the JSON of {@link #toJson}.
   *
   * @throws RuntimeException of any kind when it is not
   */
  static Run from(JsonObject json, Design design) {
    var figures = new EnumMap<Metric, Double>(Metric.class);
    for (var entry : json.getJsonObject("figures")) {
      figures.put(
          Metric.of(entry.getKey()).orElseThrow(), ((Number) entry.getValue()).doubleValue());
    }
    return new Run(
        design.variant(json.getString("state")),
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
