package com.cpprediction.model;

import com.cpprediction.model.format.Grams;
import com.cpprediction.model.format.Mapping;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far recent predictions and outcomes are from what the models were trained on, from samples of
 * the stored rows. Its heap grows with the models alone. Used by one thread at a time; {@link
 * #figures} and the counts of CPs by any.
 */
final class Drift {
  private static final Logger log = LoggerFactory.getLogger(Drift.class);

  private static final Duration HALF_LIFE = Duration.ofDays(1);

  /** Outcomes that name a CP which the release lacks, before it is reported. */
  private static final int NEW_CP = 3;

  /**
   * Outcomes that a CP can be expected to have where none makes it look closed: as many come to
   * none by chance once in 150 times (Poisson).
   */
  private static final double EXPECTED = 5;

  /** Time that outcomes must cover: a branch may deliver in the morning only. */
  private static final Duration LEAST_WINDOW = Duration.ofDays(1);

  private static final int NAMED = 100;

  private final ModelStore models;
  private final Clock clock;
  private final Map<String, PrefixDrift> byPrefix = new ConcurrentSkipListMap<>();
  private final Grams grams = new Grams();
  private Instant aged;
  private volatile Delivered delivered = Delivered.NOTHING;

  /**
   * Outcomes against the CPs of the release.
   *
   * @param json the time and number of the outcomes; absent without any
   * @param byPrefix outcomes by the prefix of their CP
   * @param newCps number of CPs that the release lacks
   * @param closedCps number of CPs without an outcome
   * @param judged whether the outcomes tell closed CPs
   */
  private record Delivered(
      @Nullable JsonObject json,
      Map<String, Long> byPrefix,
      JsonArray namedNewCps,
      int newCps,
      JsonArray namedClosedCps,
      int closedCps,
      boolean judged) {
    static final Delivered NOTHING =
        new Delivered(null, Map.of(), new JsonArray(), 0, new JsonArray(), 0, false);
  }

  Drift(ModelStore models, Clock clock) {
    this.models = models;
    this.clock = clock;
    aged = clock.instant();
  }

  /**
   * Counts predictions. Blocks: reads mapped files.
   *
   * @param rows {@code {"prefix","cp","confidence","address"}} each
   */
  void predicted(JsonArray rows) {
    age();
    var texts = new TreeMap<String, List<JsonObject>>();
    for (var row : rows) {
      var prediction = (JsonObject) row;
      texts.computeIfAbsent(prediction.getString("prefix"), p -> new ArrayList<>()).add(prediction);
    }
    try (var release = models.lease()) {
      byPrefix.keySet().retainAll(release.models().keySet());
      release
          .models()
          .forEach(
              (prefix, loaded) -> {
                var predictions = texts.get(prefix);
                if (predictions != null) count(release, prefix, loaded, predictions);
              });
    }
    byPrefix.values().forEach(PrefixDrift::settle);
  }

  private void age() {
    var now = clock.instant();
    double days = (double) Duration.between(aged, now).toMillis() / HALF_LIFE.toMillis();
    aged = now;
    if (days > 0) byPrefix.values().forEach(own -> own.age(Math.pow(0.5, days)));
  }

  private void count(
      ServingRelease release, String prefix, LoadedModel loaded, List<JsonObject> predictions) {
    var model = loaded.model();
    var national = release.content().national().stage();
    var fingerprint = Objects.requireNonNull(release.fingerprints().get(prefix));
    try {
      var own = byPrefix.get(prefix);
      if (own == null || !own.isOf(fingerprint)) {
        own = new PrefixDrift(fingerprint, model.index());
        byPrefix.put(prefix, own);
      }
      for (var row : predictions) {
        own.add(
            model.index(),
            national,
            grams,
            row.getString("address"),
            row.getString("cp"),
            row.getDouble("confidence"));
      }
    } catch (InternalError e) { // a file was truncated
      if (!Mapping.isFault(e)) throw e;
      log.debug("No drift of prefix {}", prefix, e);
    }
  }

  /**
   * Compares outcomes with the release.
   *
   * @param outcomes {@code {"since","until","cps":[{"cp","prefix","outcomes"},…]}}
   */
  void delivered(JsonObject outcomes) {
    try (var release = models.lease()) {
      delivered = compared(outcomes, release);
    }
  }

  private Delivered compared(JsonObject outcomes, ServingRelease release) {
    var all = outcomes.getJsonArray("cps");
    if (all.isEmpty()) return Delivered.NOTHING;
    var prefixOf = new HashMap<String, String>();
    release
        .models()
        .forEach(
            (prefix, loaded) ->
                loaded.model().manifest().cps().forEach(cp -> prefixOf.put(cp, prefix)));
    var counts = new HashMap<String, Long>();
    var ofPrefix = new HashMap<String, Long>();
    var unknown = new ArrayList<JsonObject>();
    long total = 0;
    for (var item : all) {
      var row = (JsonObject) item;
      long count = row.getLong("outcomes");
      total += count;
      counts.merge(row.getString("cp"), count, Long::sum);
      var prefix = prefixOf.get(row.getString("cp"));
      if (prefix != null) ofPrefix.merge(prefix, count, Long::sum);
      else if (models.whole() && count >= NEW_CP) unknown.add(row);
    }
    var since = Instant.parse(outcomes.getString("since"));
    var until = Instant.parse(outcomes.getString("until"));
    boolean judged = Duration.between(since, until).compareTo(LEAST_WINDOW) >= 0;
    var closed = new ArrayList<JsonObject>();
    if (judged)
      release
          .models()
          .forEach(
              (prefix, loaded) ->
                  closed(prefix, loaded, ofPrefix.getOrDefault(prefix, 0L), counts, closed));
    var json =
        new JsonObject()
            .put("since", outcomes.getString("since"))
            .put("until", outcomes.getString("until"))
            .put("count", total);
    return new Delivered(
        json, ofPrefix, first(unknown), unknown.size(), first(closed), closed.size(), judged);
  }

  private static void closed(
      String prefix,
      LoadedModel loaded,
      long outcomes,
      Map<String, Long> counts,
      List<JsonObject> closed) {
    if (outcomes < EXPECTED) return;
    try {
      var own = new PrefixDrift("", loaded.model().index());
      for (int cp = 0; cp < own.cps().size(); cp++) {
        double expected = outcomes * own.trainedShare(cp);
        var code = own.cps().get(cp);
        if (expected < EXPECTED || counts.containsKey(code)) continue;
        closed.add(
            new JsonObject().put("cp", code).put("prefix", prefix).put("expected", expected));
      }
    } catch (InternalError e) { // a file was truncated
      if (!Mapping.isFault(e)) throw e;
      log.debug("No closed CPs of prefix {}", prefix, e);
    }
  }

  private static JsonArray first(List<JsonObject> cps) {
    return new JsonArray(List.copyOf(cps.subList(0, Math.min(NAMED, cps.size()))));
  }

  /** Figures of a prefix; NaN where too little was predicted. Thread-safe. */
  PrefixDrift.Figures figures(String prefix) {
    var own = byPrefix.get(prefix);
    return own == null ? PrefixDrift.Figures.NONE : own.figures();
  }

  /** CPs with outcomes that the release lacks. Thread-safe. */
  int newCps() {
    return delivered.newCps();
  }

  /** CPs of the release that look closed. Thread-safe. */
  int closedCps() {
    return delivered.closedCps();
  }

  /** JSON as {@code GET /models/drift}, without the accuracy. */
  JsonObject toJson(ModelStatus status) {
    var now = delivered;
    var prefixes = new JsonArray();
    double predictions = 0;
    for (var prefix : new TreeMap<>(byPrefix).entrySet()) {
      var own = prefix.getValue();
      predictions += own.predictions();
      prefixes.add(
          new JsonObject()
              .put("prefix", prefix.getKey())
              .put("predictions", Math.round(own.predictions()))
              .put("unknown_words", orNull(own.figures().unknownWords()))
              .put("confidence", orNull(own.figures().confidence()))
              .put("cp_shift", orNull(own.figures().cpShift()))
              .put("outcomes", now.byPrefix().getOrDefault(prefix.getKey(), 0L))
              .mergeIn(status.accuracies(prefix.getKey())));
    }
    return new JsonObject()
        .put("release", models.current().content().id())
        .put("at", aged.toString())
        .put("half_life_hours", HALF_LIFE.toHours())
        .put("predictions", Math.round(predictions))
        .put("outcomes", now.json())
        .put("new_cps", cps(now.newCps(), now.namedNewCps()))
        .put("closed_cps", now.judged() ? cps(now.closedCps(), now.namedClosedCps()) : null)
        .put("prefixes", prefixes)
        .mergeIn(status.overall());
  }

  private static JsonObject cps(int count, JsonArray first) {
    return new JsonObject().put("count", count).put("first", first);
  }

  private static @Nullable Double orNull(double figure) {
    return Double.isNaN(figure) ? null : figure;
  }
}
