package com.cpprediction.shadow;

import com.cpprediction.common.Labelled;
import com.cpprediction.config.ModelsConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.AddressShare;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The share of addresses that the shadow release serves, and whether it still may: a run begins
 * with a share above 0 and a pair of releases, and stops for good once the shadow release has
 * fallen behind. The share above 0 after one of 0, and another pair, begin the next run. A stop
 * outlasts the process. Thread-safe.
 */
final class Canary {
  /** Reason of a stop. */
  enum Reason implements Labelled {
    ACCURACY,
    ERRORS
  }

  private static final Logger log = LoggerFactory.getLogger(Canary.class);

  /**
   * Counts of outcomes of shipments that the canary served and both releases predicted.
   *
   * @param known outcomes
   * @param worse outcomes that only the served release predicted
   * @param better outcomes that only the canary predicted
   * @param wrong outcomes that the canary did not predict
   */
  record Outcomes(long known, long worse, long better, long wrong) {
    static final Outcomes NONE = new Outcomes(0, 0, 0, 0);
  }

  /**
   * A run.
   *
   * @param stopped why and when it stopped; null while it goes on
   */
  private record Run(
      String served,
      String shadow,
      Instant since,
      @Nullable JsonObject stopped,
      ErrorPairs errors) {
    boolean isOf(String ofServed, String ofShadow) {
      return served.equals(ofServed) && shadow.equals(ofShadow);
    }

    JsonObject toJson() {
      return new JsonObject()
          .put("served", served)
          .put("shadow", shadow)
          .put("since", since.toString())
          .put("stopped", stopped);
    }
  }

  private final Supplier<ModelsConfig.Canary> config;
  private final StateFile file;
  private final Clock clock;
  private final ServiceMetrics metrics;
  private volatile @Nullable Run run;
  private volatile Outcomes outcomes = Outcomes.NONE;

  /**
   * @param file keeps the run; read here
   */
  Canary(
      Supplier<ModelsConfig.Canary> config, StateFile file, Clock clock, ServiceMetrics metrics) {
    this.config = config;
    this.file = file;
    this.clock = clock;
    this.metrics = metrics;
    run = read();
  }

  private @Nullable Run read() {
    try {
      var kept = file.read();
      if (kept.isEmpty() || !kept.get().containsKey("since")) return null;
      var json = kept.get();
      return new Run(
          json.getString("served"),
          json.getString("shadow"),
          Instant.parse(json.getString("since")),
          json.getJsonObject("stopped"),
          new ErrorPairs());
    } catch (IOException | ClassCastException | DateTimeParseException e) {
      log.error("The state of the canary can't be read; it begins anew", e);
      return null;
    }
  }

  /** Begins or ends a run as the configuration and the releases say now. Blocks. */
  synchronized void update(String served, String shadow) {
    var now = run;
    boolean on = config.get().share() > 0 && !shadow.isEmpty() && !shadow.equals(served);
    if (on == (now != null) && (now == null || now.isOf(served, shadow))) return;
    if (!on && (shadow.isEmpty() || served.isEmpty()) && config.get().share() > 0)
      return; // loading
    var since = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    var next = on ? new Run(served, shadow, since, null, new ErrorPairs()) : null;
    outcomes = Outcomes.NONE;
    run = next;
    keep(next == null ? new JsonObject() : next.toJson());
    if (next != null) log.info("The shadow release serves {} of the addresses", share());
  }

  private void keep(JsonObject state) {
    try {
      file.write(state);
    } catch (IOException e) {
      log.error("The state of the canary can't be kept: {}", state, e);
    }
  }

  /** Share of the addresses that the shadow release serves now, 0..1. */
  double share() {
    var now = run;
    return now == null || now.stopped != null ? 0 : config.get().share();
  }

  /** Whether the shadow release serves {@code address} now. */
  boolean serves(Address address) {
    return AddressShare.CANARY.contains(address, share());
  }

  /** Counts a shipment; returns whether the canary must stop for its errors. */
  boolean answered(boolean canary, boolean failed) {
    metrics.canaryAnswered(canary, failed);
    var now = run;
    if (now == null) return false;
    now.errors.add(canary, failed);
    return canary && failed && now.stopped == null && behind(now.errors.counts());
  }

  private boolean behind(ErrorPairs.Counts counts) {
    return evidence(counts) >= DropEvidence.THRESHOLD;
  }

  private double evidence(ErrorPairs.Counts counts) {
    return DropEvidence.evidence(
        counts.canaryOnly(), counts.same(), counts.servedOnly(), config.get().maxDrop());
  }

  private double evidence(Outcomes counts) {
    return DropEvidence.evidence(
        counts.worse(),
        counts.known() - counts.worse() - counts.better(),
        counts.better(),
        config.get().maxDrop());
  }

  /** The query for outcomes of this run; null while there is none that goes on. */
  @Nullable JsonObject asked() {
    var now = run;
    return now == null || now.stopped != null ? null : now.toJson();
  }

  /**
   * Looks at what is known by now, and stops the run where the canary has fallen behind. Blocks.
   *
   * @param since when the run began that {@code known} is of; another one has none of them
   * @return why and when, if it stops
   */
  synchronized @Nullable JsonObject judge(String since, @Nullable Outcomes known) {
    var now = run;
    if (now == null || now.stopped != null) return null;
    if (known != null && now.since.toString().equals(since)) outcomes = known;
    var counts = now.errors.counts();
    Reason reason;
    if (evidence(outcomes) >= DropEvidence.THRESHOLD) reason = Reason.ACCURACY;
    else if (behind(counts)) reason = Reason.ERRORS;
    else return null;
    var stopped =
        new JsonObject()
            .put("at", clock.instant().toString())
            .put("reason", reason.label())
            .put("outcomes", outcomes(outcomes))
            .put("errors", errors(counts));
    run = new Run(now.served, now.shadow, now.since, stopped, now.errors);
    keep(now.toJson().put("stopped", stopped));
    metrics.canaryStopped(reason == Reason.ACCURACY);
    log.error("The canary has fallen behind and serves no longer: {}", stopped);
    return stopped;
  }

  private JsonObject outcomes(Outcomes counts) {
    return new JsonObject()
        .put("known", counts.known())
        .put("wrong", counts.wrong())
        .put("served_only", counts.worse())
        .put("canary_only", counts.better())
        .put("evidence", rounded(evidence(counts)));
  }

  private JsonObject errors(ErrorPairs.Counts counts) {
    return new JsonObject()
        .put("pairs", counts.canaryOnly() + counts.servedOnly() + counts.same())
        .put("canary_only", counts.canaryOnly())
        .put("served_only", counts.servedOnly())
        .put("evidence", rounded(evidence(counts)));
  }

  private static double rounded(double evidence) {
    double most = 1e12;
    return Math.rint(Math.min(evidence, most) * 1e3) / 1e3;
  }

  /** JSON as {@code canary} of {@code GET /models/shadow}. */
  JsonObject toJson() {
    var now = run;
    var json =
        new JsonObject()
            .put("configured_share", config.get().share())
            .put("share", share())
            .put("max_drop", config.get().maxDrop())
            .put("threshold", DropEvidence.THRESHOLD);
    if (now == null) return json.putNull("since").putNull("stopped");
    return json.put("since", now.since.toString())
        .put("outcomes", outcomes(outcomes))
        .put("errors", errors(now.errors.counts()))
        .put("stopped", now.stopped);
  }
}
