package com.cpprediction.shadow;

import com.cpprediction.common.Labelled;
import com.cpprediction.config.ModelsConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.AddressShare;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The share of addresses that the shadow release serves, and whether it still may. A run is of a
 * pair of releases, is shared by all nodes, and stops for good once the shadow release has fallen
 * behind; then no other run of that release begins before the share was set to 0 and to another.
 * PostgreSQL has the runs: one is served only once PostgreSQL has told of it since the start of
 * this process, and no longer than {@link #UNTOLD} after it last did. A file keeps what PostgreSQL
 * may not know yet. Thread-safe; only {@link #keep} blocks.
 */
final class Canary {
  /** Reason of a stop. */
  enum Reason implements Labelled {
    ACCURACY,
    ERRORS
  }

  /** How far a run has come on this node. */
  private enum State implements Labelled {
    /** No share, or no shadow release beside the served one. */
    OFF,
    /** PostgreSQL has not told of the run, or not for {@link #UNTOLD}. */
    WAITING,
    RUNNING,
    STOPPED
  }

  private static final Logger log = LoggerFactory.getLogger(Canary.class);

  /** How long a canary goes on while PostgreSQL can't tell that another node has stopped it. */
  static final Duration UNTOLD = Duration.ofSeconds(30);

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

    /** Of a row of {@code canary_runs}. */
    static Outcomes of(JsonObject row) {
      long both = row.getLong("both_right");
      long served = row.getLong("served_right");
      long canary = row.getLong("canary_right");
      long none = row.getLong("none_right");
      return new Outcomes(both + served + canary + none, served, canary, served + none);
    }
  }

  /**
   * A run.
   *
   * @param stopped why and when it stopped; null while it goes on
   * @param errors of this process since it took the run up
   */
  record Run(
      UUID id,
      String served,
      String shadow,
      Instant since,
      @Nullable JsonObject stopped,
      ErrorPairs errors) {
    static Run of(JsonObject json, ErrorPairs errors) {
      return new Run(
          UUID.fromString(json.getString("run")),
          json.getString("served"),
          json.getString("shadow"),
          OffsetDateTime.parse(json.getString("since")).toInstant(),
          json.getJsonObject("stopped"),
          errors);
    }

    boolean isOf(String ofServed, String ofShadow) {
      return served.equals(ofServed) && shadow.equals(ofShadow);
    }

    Run stopped(JsonObject why) {
      return new Run(id, served, shadow, since, why, errors);
    }

    JsonObject toJson() {
      return new JsonObject()
          .put("run", id.toString())
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
  private String served = "";
  private String shadow = "";
  private @Nullable UUID left; // the run in which the share was set to 0
  private Instant toldAt = Instant.MIN;
  private volatile @Nullable Run run;
  private volatile boolean serving;
  private volatile Outcomes outcomes = Outcomes.NONE;
  private volatile ErrorPairs.Counts others = ErrorPairs.Counts.NONE; // of other processes

  /**
   * @param file keeps the run; read here
   */
  Canary(
      Supplier<ModelsConfig.Canary> config, StateFile file, Clock clock, ServiceMetrics metrics) {
    this.config = config;
    this.file = file;
    this.clock = clock;
    this.metrics = metrics;
    read();
  }

  private void read() {
    try {
      var kept = file.read().orElseGet(JsonObject::new);
      if (kept.containsKey("since")) run = Run.of(kept, new ErrorPairs());
      var leftBefore = kept.getString("left");
      if (leftBefore != null) left = UUID.fromString(leftBefore);
    } catch (IOException
        | ClassCastException
        | NullPointerException
        | IllegalArgumentException
        | DateTimeParseException e) {
      log.error("The state of the canary can't be read; PostgreSQL tells it", e);
    }
  }

  /** Writes the state to the file. Blocks. */
  void keep() {
    synchronized (file) {
      var state = state();
      try {
        file.write(state);
      } catch (IOException e) {
        log.error("The state of the canary can't be kept: {}", state, e);
      }
    }
  }

  private synchronized JsonObject state() {
    var now = run;
    var state = now == null ? new JsonObject() : now.toJson();
    return left == null ? state : state.put("left", left.toString());
  }

  private void set(@Nullable Run next, boolean told) {
    var before = run;
    if (next == null || before == null || !next.id.equals(before.id)) {
      outcomes = Outcomes.NONE;
      others = ErrorPairs.Counts.NONE;
    }
    run = next;
    boolean serves = told && next != null && next.stopped == null;
    if (serves && !serving)
      log.info("The shadow release serves {} of the addresses", config.get().share());
    serving = serves;
  }

  /**
   * Takes over the share of the configuration and the releases, of which none may be loaded yet.
   *
   * @return whether to {@link #keep}
   */
  synchronized boolean update(String servedNow, String shadowNow) {
    served = servedNow;
    shadow = shadowNow;
    var now = run;
    if (now == null) return false;
    if (config.get().share() <= 0) {
      left = now.id;
      set(null, false);
      return true;
    }
    if (served.isEmpty() || shadow.isEmpty()) { // loading, or none
      serving = false;
      return false;
    }
    if (now.stopped == null ? now.isOf(served, shadow) : now.shadow.equals(shadow)) return false;
    set(null, false);
    return true;
  }

  private boolean wanted() {
    return config.get().share() > 0
        && !served.isEmpty()
        && !shadow.isEmpty()
        && !shadow.equals(served);
  }

  /** What to ask PostgreSQL for the run, as {@code Bus.CANARY_RUN}; null while there is none. */
  synchronized @Nullable JsonObject query() {
    if (!wanted()) return null;
    var now = run;
    return new JsonObject()
        .put("served", served)
        .put("shadow", shadow)
        .put("counter", now == null ? null : now.errors.id().toString())
        .put("left", left == null ? null : left.toString())
        .put("mine", now == null ? null : now.toJson().put("errors", now.errors.counts().toJson()));
  }

  /**
   * Takes over what PostgreSQL told.
   *
   * @param asked {@link #query}
   * @return whether to {@link #keep}
   */
  synchronized boolean told(JsonObject asked, JsonObject reply) {
    var leftNow = left == null ? null : left.toString();
    if (!wanted()
        || !served.equals(asked.getString("served"))
        || !shadow.equals(asked.getString("shadow"))
        || leftNow != null && !leftNow.equals(asked.getString("left"))) {
      return false; // the next query is of what is wanted now
    }
    var same = known(reply);
    var next = Run.of(reply, same == null ? new ErrorPairs() : same.errors);
    if (same != null && same.stopped != null && next.stopped == null)
      next = same; // it has stopped since the query
    boolean stops = next.stopped != null && (same == null || same.stopped == null);
    boolean changed = !next.equals(same) || leftNow != null;
    left = null;
    toldAt = clock.instant();
    if (stops) log.warn("The canary was stopped and does not serve: {}", next.stopped);
    set(next, true);
    outcomes = Outcomes.of(reply);
    others = ErrorPairs.Counts.of(reply.getJsonObject("others"));
    return changed;
  }

  /** The run of this node, where {@code told} is the same; null otherwise. */
  private @Nullable Run known(JsonObject told) {
    var now = run;
    return now != null && now.id.toString().equals(told.getString("run")) ? now : null;
  }

  /** Notes that PostgreSQL did not reply. */
  synchronized void untold() {
    if (!serving || clock.instant().isBefore(toldAt.plus(UNTOLD))) return;
    log.warn("The canary serves nothing until PostgreSQL tells whether it still may");
    set(run, false);
  }

  /** The run as a message, once it has stopped; null before. */
  @Nullable JsonObject stop() {
    var now = run;
    return now == null || now.stopped == null ? null : now.toJson();
  }

  /**
   * Stops as another node has.
   *
   * @param message {@link #stop} of that node
   * @return whether to {@link #keep}
   */
  synchronized boolean stoppedElsewhere(JsonObject message) {
    var now = run;
    var same = known(message);
    var told = Run.of(message, same == null ? new ErrorPairs() : same.errors);
    if (told.stopped == null || !wanted() || !told.shadow.equals(shadow)) return false;
    if (told.id.equals(left)) return false; // an operator has ended it since
    if (now != null && (now.stopped != null || serving && same == null)) return false;
    log.warn("The canary was stopped by another node and serves no longer: {}", told.stopped);
    set(told, false);
    return true;
  }

  /** Share of the addresses that the shadow release serves now, 0..1. */
  double share() {
    return serving ? config.get().share() : 0;
  }

  /** The run of this node; null where there is none. */
  @Nullable Run run() {
    return run;
  }

  /** Whether the run that serves now is of these releases. */
  boolean servesBeside(String ofServed, String ofShadow) {
    var now = run;
    return serving && now != null && now.stopped == null && now.isOf(ofServed, ofShadow);
  }

  /** Whether the shadow release serves {@code address} now. */
  boolean serves(Address address) {
    return AddressShare.CANARY.contains(address, share());
  }

  /** Counts a shipment; returns whether the canary is to be judged for its errors. */
  boolean answered(boolean canary, boolean failed) {
    metrics.canaryAnswered(canary, failed);
    var now = run;
    if (now == null) return false;
    now.errors.add(canary, failed);
    return canary && failed && now.stopped == null;
  }

  private ErrorPairs.Counts pairs(Run of) {
    return of.errors.counts().plus(others);
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

  /**
   * Looks at what is known by now, and stops the run where the canary has fallen behind.
   *
   * @return why and when, if it stops: {@link #keep} is to be called, and the others to be told
   */
  synchronized @Nullable JsonObject judge() {
    var now = run;
    if (now == null || now.stopped != null) return null;
    var counts = pairs(now);
    Reason reason;
    if (evidence(outcomes) >= DropEvidence.THRESHOLD) reason = Reason.ACCURACY;
    else if (evidence(counts) >= DropEvidence.THRESHOLD) reason = Reason.ERRORS;
    else return null;
    var stopped =
        new JsonObject()
            .put("at", clock.instant().toString())
            .put("reason", reason.label())
            .put("outcomes", outcomes(outcomes))
            .put("errors", errors(counts));
    serving = false;
    run = now.stopped(stopped);
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

  private State phase() {
    var now = run;
    if (!wanted()) return State.OFF;
    if (now != null && now.stopped != null) return State.STOPPED;
    return serving ? State.RUNNING : State.WAITING;
  }

  /** JSON as {@code canary} of {@code GET /models/shadow}. */
  synchronized JsonObject toJson() {
    var now = run;
    var json =
        new JsonObject()
            .put("state", phase().label())
            .put("configured_share", config.get().share())
            .put("share", share())
            .put("max_drop", config.get().maxDrop())
            .put("threshold", DropEvidence.THRESHOLD);
    if (now == null) return json.putNull("run").putNull("since").putNull("stopped");
    return json.put("run", now.id.toString())
        .put("since", now.since.toString())
        .put("outcomes", outcomes(outcomes))
        .put("errors", errors(pairs(now)))
        .put("stopped", now.stopped);
  }
}
