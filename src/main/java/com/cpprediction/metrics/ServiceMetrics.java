package com.cpprediction.metrics;

import com.cpprediction.common.Labelled;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.Verdict;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Every meter of the service. Names, units and tags are a contract with dashboards and alerts; tags
 * come from closed sets, never from a request. Thread-safe.
 */
public final class ServiceMetrics {
  /** Result of storing a row in PostgreSQL. */
  public enum RowOutcome implements Labelled {
    /** Inserted. */
    STORED,
    /** Already stored: the same prediction id for the same shipment. */
    DUPLICATE,
    /** Set aside: the prediction id is stored for another shipment. */
    CONFLICT,
    /** Rejected by PostgreSQL and set aside with its error, or logged where even that fails. */
    REJECTED
  }

  /** How a row entered this process, or left it unstored. */
  public enum Kept implements Labelled {
    /** Recorded for a request. */
    ACKNOWLEDGED,
    /** Recovered from the journal of an earlier process. */
    RECOVERED,
    /** Dropped: no room, and {@code persistence.when_full} is {@code drop}. */
    DROPPED
  }

  /** Direction of an ownership change. */
  public enum Moved implements Labelled {
    GAINED,
    RELEASED
  }

  /** The fate of a refusal for want of a pincode. */
  public enum RefusalResult implements Labelled {
    /** Kept as predictions are, to be reviewed. */
    KEPT,
    /** Not kept: more than {@code review.refusals_per_hour}. */
    LIMITED,
    /** Not kept: the journal, the queue or the database did not take it. */
    LOST
  }

  /** What a reviewer did with a shipment. */
  public enum ReviewResult implements Labelled {
    /** Chose the predicted CP. */
    RIGHT,
    /** Chose one of its alternatives. */
    ALTERNATIVE,
    /** Chose another CP. */
    WRONG,
    /** Chose a CP for a shipment without a prediction. */
    UNKNOWN,
    SKIPPED,
    UNDONE,
    /** Came too late: another reviewer or a report was faster. */
    CONFLICT
  }

  /** Location of a lookup. */
  public enum Hop implements Labelled {
    /** On the node that received the request. */
    LOCAL,
    /** On an owner of the prefix. */
    REMOTE
  }

  /** A part that is reloaded at runtime. */
  public enum Reload implements Labelled {
    CONFIG,
    CERTIFICATE,
    MODELS
  }

  /**
   * One method of a route.
   *
   * @param method served there, or {@code other}
   */
  record Operation(String route, String method) {}

  private record Outcome(Operation operation, int status) {}

  private static final Comparator<Operation> BY_NAME =
      Comparator.comparing(Operation::route).thenComparing(Operation::method);

  /** Tag value for anything outside a closed set. */
  public static final String OTHER = "other";

  /** Tag of callers without a name; no name of a token has parentheses. */
  private static final String UNNAMED = "(unnamed)";

  private static final String MODEL_OUTCOMES = "cp.model.outcomes";
  private static final String MODEL_RIGHT = "cp.model.outcomes.right";
  private static final String DRIFT_WORDS = "cp.drift.unknown.words";
  private static final String DRIFT_CPS = "cp.drift.cp.shift";
  private static final String PREFIX = "prefix";
  private static final double[] PERCENTILES = {0.5, 0.95, 0.99};

  private static final Duration[] BUCKETS = buckets();

  private final MeterRegistry registry;
  private final String version;
  private final boolean on;
  private final MeterRegistry summaries; // percentiles of operations, not exported
  private final Map<Outcome, Timer> http = new ConcurrentHashMap<>();
  private final Map<Operation, Timer> operations = new ConcurrentSkipListMap<>(BY_NAME);
  private final Timer other;

  /** Bounds of the buckets of {@code cp_pincode_doubt}. */
  private static final double[] DOUBTS = {0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1};

  /** Upper bounds of the buckets of {@code cp_confidence}. */
  public static final List<Double> CONFIDENCES =
      List.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0);

  private final Map<Source, Counter> answered = new EnumMap<>(Source.class);
  private final Map<Source, Timer> predictionTime = new EnumMap<>(Source.class);
  private final Map<Failure, Counter> failed = new EnumMap<>(Failure.class);
  private final Map<Shed, Counter> shed = new EnumMap<>(Shed.class);
  private final Map<RowOutcome, Counter> rows = new EnumMap<>(RowOutcome.class);
  private final Map<Kept, Counter> kept = new EnumMap<>(Kept.class);
  private final Map<RefusalResult, Counter> refusals = new EnumMap<>(RefusalResult.class);
  private final Map<ReviewResult, Counter> reviews = new EnumMap<>(ReviewResult.class);
  private final Map<Moved, Counter> moved = new EnumMap<>(Moved.class);
  private final Map<Hop, Counter> lookups = new EnumMap<>(Hop.class);
  private final Map<Verdict, Counter> outcomes = new EnumMap<>(Verdict.class);
  private final Map<ComparisonResult, Counter> compared = new EnumMap<>(ComparisonResult.class);
  private final Map<Boolean, Map<Boolean, Counter>> canaryAnswered; // by canary, then failed
  private final Map<Boolean, Counter> canaryStopped; // by whether for its accuracy
  private final Counter comparisonsStored;
  private final Counter comparisonsDropped;
  private final Timer hop;
  private final Counter hopFailures;
  private final Timer journalAppend;
  private final Counter journalDamaged;
  private final Counter cacheWarmed;
  private final Timer score;
  private final Timer loopDelay;
  private final Timer modelLoad;
  private final Timer flush;
  private final DistributionSummary flushRows;
  private final ProbabilityHistogram pincodeDoubt;
  private final ProbabilityHistogram confidence;
  private final FailureLog failures;
  private final Counter corrected;
  private final Counter configReloadFailures;

  public ServiceMetrics(MeterRegistry registry, String version) {
    this.registry = registry;
    this.version = version;
    on = !(registry instanceof CompositeMeterRegistry all && all.getRegistries().isEmpty());
    summaries = on ? new SimpleMeterRegistry() : registry;
    other = http(new Operation(OTHER, OTHER), OTHER);
    ProcessMemory.bindTo(registry);
    for (var source : Source.values()) {
      answered.put(source, predictions("ok", source.label()));
      predictionTime.put(
          source,
          timer("cp.prediction", "From the parsed shipment to its recorded prediction")
              .tag("source", source.label())
              .register(registry));
    }
    for (var failure : Failure.values()) failed.put(failure, predictions(failure.slug(), "none"));
    for (var reason : Shed.values()) {
      shed.put(
          reason,
          Counter.builder("cp.shed")
              .description("Requests, messages and connections shed")
              .tag("reason", reason.label())
              .register(registry));
    }
    for (var outcome : RowOutcome.values()) {
      rows.put(
          outcome,
          Counter.builder("cp.db.rows")
              .description("Rows by result in PostgreSQL")
              .tag("outcome", outcome.label())
              .register(registry));
    }
    for (var how : Kept.values()) {
      kept.put(
          how,
          Counter.builder("cp.records")
              .description("Rows that came into the care of this process, or were dropped")
              .tag("outcome", how.label())
              .register(registry));
    }
    for (var result : RefusalResult.values()) {
      refusals.put(
          result,
          Counter.builder("cp.refusals")
              .description("Shipments refused for want of a pincode, by whether they were kept")
              .tag("result", result.label())
              .register(registry));
    }
    for (var result : ReviewResult.values()) {
      reviews.put(
          result,
          Counter.builder("cp.reviews")
              .description("Decisions of reviewers by their result for the prediction")
              .tag("result", result.label())
              .register(registry));
    }
    for (var change : Moved.values()) {
      moved.put(
          change,
          Counter.builder("cp.cluster.ownership.changes")
              .description("Prefixes that this node came to own, or gave up")
              .tag("change", change.label())
              .register(registry));
    }
    for (var where : Hop.values()) {
      lookups.put(
          where,
          Counter.builder("cp.lookups")
              .description("Addresses by where they were looked up")
              .tag("hop", where.label())
              .register(registry));
    }
    for (var verdict : Verdict.values()) {
      outcomes.put(
          verdict,
          Counter.builder("cp.outcomes")
              .description("Outcomes reported to this node by verdict on the prediction")
              .tag("result", verdict.label())
              .register(registry));
    }
    for (var result : ComparisonResult.values()) {
      compared.put(
          result,
          Counter.builder("cp.shadow.comparisons")
              .description("Predictions compared with those of the shadow release")
              .tag("result", result.label())
              .register(registry));
    }
    canaryAnswered =
        Map.of(
            true,
            Map.of(true, canaryPredictions(true, true), false, canaryPredictions(true, false)),
            false,
            Map.of(true, canaryPredictions(false, true), false, canaryPredictions(false, false)));
    canaryStopped = Map.of(true, canaryStops("accuracy"), false, canaryStops("errors"));
    comparisonsStored = comparisons("stored");
    comparisonsDropped = comparisons("dropped");
    hop = timer("cp.hop", "From a request to another node to its reply").register(registry);
    hopFailures =
        Counter.builder("cp.hop.failures")
            .description("Requests that another node failed to serve")
            .register(registry);
    journalAppend =
        timer("cp.journal.append", "From a row's append to its acknowledgement").register(registry);
    journalDamaged =
        Counter.builder("cp.journal.damaged")
            .description("Records of the journal that can't be read")
            .register(registry);
    cacheWarmed =
        Counter.builder("cp.cache.warmed")
            .description("Addresses that the cache refilled itself with")
            .register(registry);
    score = timer("cp.score", "Scoring one address with a model").register(registry);
    loopDelay =
        timer("cp.event.loop.delay", "Delay of timers on the HTTP event loop").register(registry);
    modelLoad = timer("cp.model.load", "Loading the model of one prefix").register(registry);
    flush = timer("cp.db.flush", "One insert of a batch, network included").register(registry);
    flushRows =
        DistributionSummary.builder("cp.db.flush.rows")
            .description("Rows in one insert")
            .register(registry);
    pincodeDoubt =
        new ProbabilityHistogram(
            "cp_pincode_doubt",
            "Probability that the pincode of a shipment is not its own, 0..1",
            DOUBTS);
    pincodeDoubt.exportTo(registry);
    confidence =
        new ProbabilityHistogram(
            "cp_confidence",
            "Confidence of predictions, 0..1",
            CONFIDENCES.stream().mapToDouble(Double::doubleValue).toArray());
    confidence.exportTo(registry);
    failures = new FailureLog(registry, Clock.systemUTC());
    corrected =
        Counter.builder("cp.predictions.corrected")
            .description("Predictions of another prefix than that of the pincode")
            .register(registry);
    configReloadFailures =
        Counter.builder("cp.config.reload.failures")
            .description("Edits of the configuration that were refused")
            .register(registry);
    Gauge.builder("cp.build.info", () -> 1)
        .description("Always 1; the version is in the tag")
        .tag("version", version)
        .register(registry);
  }

  /** Meters that nothing reads, of a part that must not count in those of the service. */
  public static ServiceMetrics unread(String version) {
    return new ServiceMetrics(new CompositeMeterRegistry(), version);
  }

  /**
   * A shipment with a pincode was scored.
   *
   * @param doubt probability that the pincode is not that of the shipment, 0..1
   */
  public void pincodeDoubted(double doubt) {
    if (on) pincodeDoubt.record(doubt);
  }

  /**
   * JSON: {@code count} and {@code mean} of the doubts since start, and {@code buckets} with their
   * upper bound {@code to} and their {@code count}. The mean is absent while nothing is counted.
   */
  JsonObject pincodeDoubt() {
    return pincodeDoubt.toJson();
  }

  /** The pincodes that were doubted. */
  ProbabilityHistogram doubts() {
    return pincodeDoubt;
  }

  /** The confidences of predictions. */
  ProbabilityHistogram confidences() {
    return confidence;
  }

  /** The failures of requests and shipments. */
  public FailureLog failures() {
    return failures;
  }

  /** The counts since the start. Walks meters. */
  public MeterTotals totals() {
    return MeterTotals.of(this);
  }

  /** Resident bytes of the process; 0 where the machine doesn't tell. Reads a file: blocks. */
  public static long residentBytes() {
    return ProcessMemory.resident().orElse(0);
  }

  static List<Duration> timeBounds() {
    return List.of(BUCKETS);
  }

  /** The sum of the gauges of this name and tags; 0 without one. */
  public long gauged(String name, String... tags) {
    return registry.find(name).tags(tags).gauges().stream()
        .mapToLong(gauge -> (long) gauge.value())
        .sum();
  }

  /** A shipment was predicted to belong to another prefix than that of its pincode. */
  public void corrected() {
    corrected.increment();
  }

  /**
   * Registers the share of wrong pincodes of a kind that predictions assume.
   *
   * @param caller name of the caller; empty for all without one
   * @param kind {@code slips}, {@code near} or {@code far}
   */
  public void wrongPincodes(String caller, String kind, Supplier<Number> share) {
    Gauge.builder("cp.wrong.pincodes", share)
        .description("Share of wrong pincodes that predictions assume, 0..0.5")
        .tags("caller", caller.isEmpty() ? UNNAMED : caller, "kind", kind)
        .strongReference(true)
        .register(registry);
  }

  /**
   * Counts refused requests of a caller.
   *
   * @param caller its name in the configuration
   */
  public Runnable callerLimited(String caller) {
    return Counter.builder("cp.caller.limited")
            .description("Requests that were refused by the limits of their caller")
            .tag("caller", caller)
            .register(registry)
        ::increment;
  }

  /** Whether metrics are enabled; if not, costly measurements can be skipped. */
  public boolean on() {
    return on;
  }

  /**
   * A shipment was predicted.
   *
   * @param share confidence of the prediction, 0..1
   */
  public void confident(double share) {
    if (on) confidence.record(share);
  }

  /** One shipment was predicted, {@code nanos} after it was parsed. */
  public void answered(Source source, long nanos) {
    of(answered, source).increment();
    record(of(predictionTime, source), nanos);
  }

  /** One shipment failed. */
  public void failed(Failure failure) {
    of(failed, failure).increment();
  }

  /** One request, message or connection was turned away. */
  public void shed(Shed reason) {
    of(shed, reason).increment();
  }

  /**
   * Registers the meters of one route before its first request, so that their number is fixed.
   *
   * @param route its pattern as the contract writes it, {@link #OTHER} for requests without a route
   * @param methods served there
   * @param statuses possible for these methods
   */
  public void httpRoute(String route, Collection<String> methods, Collection<Integer> statuses) {
    if (!on) return;
    for (var method : methods) {
      var operation = new Operation(route, method);
      for (int status : statuses) {
        http.put(new Outcome(operation, status), http(operation, Integer.toString(status)));
      }
      operations.put(
          operation,
          Timer.builder("operation")
              .tag("route", route)
              .tag("method", method)
              .publishPercentiles(PERCENTILES)
              .register(summaries));
    }
  }

  /**
   * Records one HTTP request; an unregistered combination counts as {@link #OTHER} in every tag.
   *
   * @param route the route's pattern as the contract writes it, {@link #OTHER} where none matched
   * @param method served there, else {@link #OTHER}
   */
  public void httpRequest(String route, String method, int status, long nanos) {
    var operation = new Operation(route, method);
    record(http.getOrDefault(new Outcome(operation, status), other), nanos);
    var times = operations.get(operation);
    if (times != null) record(times, nanos);
  }

  /** The meters of one registered operation, for {@link #httpRequest} without its lookups. */
  public RequestMeters requests(String route, String method) {
    var operation = new Operation(route, method);
    var own =
        http.entrySet().stream().filter(one -> one.getKey().operation.equals(operation)).toList();
    return new RequestMeters(
        own.stream().mapToInt(one -> one.getKey().status).toArray(),
        own.stream().map(Map.Entry::getValue).toArray(Timer[]::new),
        other,
        operations.get(operation));
  }

  private Timer http(Operation operation, String status) {
    return Timer.builder("cp.http.requests")
        .description("HTTP requests, from the last header to the last byte written")
        .tag("route", operation.route())
        .tag("method", operation.method())
        .tag("status", status)
        .register(registry);
  }

  /** Timers by operation, ordered by route; empty while metrics are off. */
  Map<Operation, Timer> operations() {
    return Collections.unmodifiableMap(operations);
  }

  /** Scoring {@code addresses} addresses took {@code nanos}, recorded in equal shares. */
  public void scored(int addresses, long nanos) {
    for (int i = 0; i < addresses; i++) record(score, nanos / addresses);
  }

  public void lookedUp(Hop where, int count) {
    of(lookups, where).increment(count);
  }

  /** An owner replied {@code nanos} after the request. */
  public void hopped(long nanos) {
    record(hop, nanos);
  }

  /** A request to an owner failed. */
  public void hopFailed() {
    hopFailures.increment();
  }

  public void prefixesMoved(Moved change, int count) {
    of(moved, change).increment(count);
  }

  /**
   * Registers the gauges of the cluster.
   *
   * @param members nodes of the service, this one included
   * @param missing owners missing, summed over all prefixes
   */
  public void cluster(Supplier<Number> members, Supplier<Number> missing) {
    gauge("cp.cluster.members", "Nodes of the cluster, this one included", members);
    gauge("cp.cluster.replicas.missing", "Owners missing, over all prefixes", missing);
  }

  public void modelLoaded(long nanos) {
    record(modelLoad, nanos);
  }

  /**
   * One model, or a whole release, was refused.
   *
   * @param reason of a closed set
   */
  public void modelReloadFailed(String reason) {
    modelReloadFailures(reason).increment();
  }

  /** Registers the counter of {@code reason} at 0, so that a rate sees its first increment. */
  public void modelReloadReason(String reason) {
    modelReloadFailures(reason);
  }

  private Counter modelReloadFailures(String reason) {
    return Counter.builder("cp.model.reload.failures")
        .description("Models, or whole releases, that were refused")
        .tag("reason", reason)
        .register(registry);
  }

  /** One insert of a batch is complete. */
  public void flushed(int rowCount, long nanos) {
    record(flush, nanos);
    flushRows.record(rowCount);
  }

  public void rows(RowOutcome outcome, int count) {
    of(rows, outcome).increment(count);
  }

  /** A reviewer decided about a shipment. */
  public void reviewed(ReviewResult result) {
    of(reviews, result).increment();
  }

  /** Counts refusals for want of a pincode. */
  public void refusals(RefusalResult result, int count) {
    if (count > 0) of(refusals, result).increment(count);
  }

  public void kept(Kept how, int count) {
    of(kept, how).increment(count);
  }

  /** The rows of one record were appended to the journal within {@code nanos}. */
  public void journaled(long nanos) {
    record(journalAppend, nanos);
  }

  /** {@code count} journal records are unreadable. */
  public void journalDamaged(int count) {
    journalDamaged.increment(count);
  }

  /** Bytes of the journal not yet stored in PostgreSQL. */
  public void journalBytes(Supplier<Number> value) {
    Gauge.builder("cp.journal", value)
        .description("Bytes in the journal that wait for PostgreSQL")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
  }

  /** Bytes of damaged journal files that were set aside. */
  public void journalDamagedBytes(Supplier<Number> value) {
    Gauge.builder("cp.journal.set.aside", value)
        .description("Bytes of damaged journal files that were set aside")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
  }

  /** Age in seconds of the oldest row not yet stored in PostgreSQL. */
  public void oldestSeconds(Supplier<Number> value) {
    Gauge.builder("cp.db.queue.oldest", value)
        .description("Age of the oldest row that waits for PostgreSQL")
        .baseUnit("seconds")
        .strongReference(true)
        .register(registry);
  }

  /** A timer of the HTTP event loop fired {@code nanos} late. */
  public void loopDelayed(long nanos) {
    record(loopDelay, nanos);
  }

  /** Whether PostgreSQL is usable. */
  public void databaseUp(BooleanSupplier up) {
    gauge("cp.db.up", "1 while predictions can be stored, else 0", () -> up.getAsBoolean() ? 1 : 0);
  }

  /**
   * Clock skew against PostgreSQL.
   *
   * @param value seconds; negative when this node is behind
   */
  public void clockSkewSeconds(Supplier<Number> value) {
    Gauge.builder("cp.db.clock.skew", value)
        .description("How far the clock of this node is ahead of PostgreSQL's")
        .baseUnit("seconds")
        .strongReference(true)
        .register(registry);
  }

  /** Rows in PostgreSQL outside every monthly partition. */
  public void strayRows(Supplier<Number> value) {
    Gauge.builder("cp.db.stray", value)
        .description("Rows in PostgreSQL whose times belong to no month's partition")
        .baseUnit("rows")
        .strongReference(true)
        .register(registry);
  }

  /**
   * Maximum size of a PostgreSQL connection pool.
   *
   * @param pool its name in {@code vertx_pool_*}
   */
  public void poolSize(String pool, int connections) {
    Gauge.builder("cp.db.pool.size", () -> connections)
        .description("Connections to PostgreSQL that a pool may have")
        .tag("pool_name", pool)
        .strongReference(true)
        .register(registry);
  }

  /** Whether the cache is enabled; may change at runtime. */
  public void cacheEnabled(BooleanSupplier value) {
    gauge(
        "cp.cache.enabled",
        "1 while the cache is enabled, else 0",
        () -> value.getAsBoolean() ? 1 : 0);
  }

  /** The cache refilled itself with {@code count} addresses. */
  public void cacheWarmed(int count) {
    cacheWarmed.increment(count);
  }

  /** 1 while the newest version of {@code part} is active, 0 while it is refused. */
  public void lastReload(Reload part, BooleanSupplier active) {
    Gauge.builder("cp.last.reload.successful", () -> active.getAsBoolean() ? 1 : 0)
        .description("1 while the newest version is active, 0 while it is refused")
        .tag("part", part.label())
        .strongReference(true)
        .register(registry);
  }

  /** A configuration edit was refused. */
  public void configReloadFailed() {
    configReloadFailures.increment();
  }

  /** Shipments in flight. */
  public void inFlight(Supplier<Number> value) {
    gauge("cp.inflight", "Shipments in flight", value);
  }

  /** Bytes of request bodies and unwritten responses. */
  public void pendingBytes(Supplier<Number> value) {
    Gauge.builder("cp.http.pending", value)
        .description("Bytes of request bodies and unwritten responses")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
  }

  /** Models ready to score on this node. */
  public void modelsLoaded(Supplier<Number> value) {
    gauge("cp.models.loaded", "Models ready to score", value);
  }

  /** Leases on generations of the models: requests being served, and scoring for them. */
  public void modelLeases(Supplier<Number> value) {
    gauge("cp.model.leases", "Leases on generations of the models, by requests and workers", value);
  }

  /** One outcome was reported and stored. */
  public void outcome(Verdict verdict) {
    of(outcomes, verdict).increment();
  }

  /**
   * Registers accuracy gauges for the model of {@code prefix}, until {@link #modelGone}.
   *
   * @param known reported outcomes of its predictions
   * @param right those whose CP was predicted
   */
  public void modelServes(String prefix, Supplier<Number> known, Supplier<Number> right) {
    gauge(
        MODEL_OUTCOMES,
        "Outcomes of the predictions of the model that serves the prefix",
        prefix,
        known);
    gauge(MODEL_RIGHT, "Those whose CP was the predicted one", prefix, right);
  }

  /**
   * Registers gauges of the drift of the model of {@code prefix}, until {@link #modelGone}; NaN
   * where too little was predicted.
   *
   * @param unknownWords share of the words of recent addresses that the release lacks
   * @param cpShift of the predicted shares of CPs from those of the training
   */
  public void modelDrifts(String prefix, Supplier<Number> unknownWords, Supplier<Number> cpShift) {
    gauge(
        DRIFT_WORDS,
        "Share of the words of recent addresses of the prefix that the release lacks",
        prefix,
        unknownWords);
    gauge(
        DRIFT_CPS,
        "Population stability index of the shares of CPs, predicted against trained",
        prefix,
        cpShift);
  }

  /**
   * Registers the numbers of CPs that the release lacks and that look closed.
   *
   * @param newCps with outcomes, and not in the release
   * @param closedCps in the release, and without outcomes
   */
  public void drift(Supplier<Number> newCps, Supplier<Number> closedCps) {
    Gauge.builder("cp.drift.new.cps", newCps)
        .description("CPs with recent outcomes that the release lacks")
        .register(registry);
    Gauge.builder("cp.drift.closed.cps", closedCps)
        .description("CPs of the release that recent outcomes lack")
        .register(registry);
  }

  /** Removes the gauges of {@link #modelServes} and {@link #modelDrifts}. */
  public void modelGone(String prefix) {
    for (var name : List.of(MODEL_OUTCOMES, MODEL_RIGHT, DRIFT_WORDS, DRIFT_CPS)) {
      registry.find(name).tag(PREFIX, prefix).meters().forEach(registry::remove);
    }
  }

  /** One prediction was compared with that of the shadow release, or could not be. */
  public void compared(ComparisonResult result) {
    of(compared, result).increment();
  }

  /** Comparisons were stored in PostgreSQL. */
  public void comparisonsStored(int count) {
    comparisonsStored.increment(count);
  }

  /** Comparisons were dropped: no room until PostgreSQL is back, or refused by it. */
  public void comparisonsDropped(int count) {
    comparisonsDropped.increment(count);
  }

  private Counter comparisons(String outcome) {
    return Counter.builder("cp.shadow.rows")
        .description("Comparisons to be stored by result")
        .tag("outcome", outcome)
        .register(registry);
  }

  /** Share of the addresses that the shadow release serves, 0..1. */
  public void canaryShare(Supplier<Number> value) {
    gauge("cp.canary.share", "Share of the addresses that the shadow release serves", value);
  }

  /** Whether the canary is stopped although it has a share. */
  public void canaryHalted(BooleanSupplier value) {
    gauge(
        "cp.canary.stopped",
        "1 while the canary is stopped although it has a share",
        () -> value.getAsBoolean() ? 1 : 0);
  }

  /** A shipment was served while a canary has a share. */
  public void canaryAnswered(boolean canary, boolean failed) {
    of(of(canaryAnswered, canary), failed).increment();
  }

  /** The canary was stopped, for its accuracy or else for its errors. */
  public void canaryStopped(boolean accuracy) {
    of(canaryStopped, accuracy).increment();
  }

  private Counter canaryPredictions(boolean canary, boolean failed) {
    return Counter.builder("cp.canary.predictions")
        .description("Shipments while a canary has a share, by the release that served them")
        .tag("release", canary ? "canary" : "served")
        .tag("outcome", failed ? "error" : "ok")
        .register(registry);
  }

  private Counter canaryStops(String reason) {
    return Counter.builder("cp.canary.rollbacks")
        .description("Canaries that fell behind and were stopped")
        .tag("reason", reason)
        .register(registry);
  }

  /** Models of the shadow release. */
  public void shadowModels(Supplier<Number> value) {
    gauge("cp.shadow.models", "Models of the shadow release", value);
  }

  /** Predictions that wait to be compared. */
  public void shadowQueue(Supplier<Number> value) {
    gauge("cp.shadow.queue", "Predictions that wait to be compared", value);
  }

  /** Rows waiting for PostgreSQL. */
  public void queuedRows(Supplier<Number> value) {
    gauge("cp.db.queue.rows", "Rows waiting for PostgreSQL", value);
  }

  /** Erasures whose rows may still be in the files of the journal. */
  public void erasuresPending(Supplier<Number> value) {
    gauge(
        "cp.erasures.pending",
        "Erasures whose rows may still be in the files of the journal",
        value);
  }

  /** For libraries that bind their own meters. */
  public MeterRegistry registry() {
    return registry;
  }

  /** The version in {@code cp_build_info}. */
  public String version() {
    return version;
  }

  private Counter predictions(String outcome, String source) {
    return Counter.builder("cp.predictions")
        .description("Shipments by outcome and source of the prediction")
        .tag("outcome", outcome)
        .tag("source", source)
        .register(registry);
  }

  /** From a journal append to the longest timeout; the alerts use the 100 ms bucket. */
  private static Duration[] buckets() {
    var bounds = new ArrayList<Duration>();
    var longest = Duration.ofSeconds(10);
    for (var decade = Duration.ofNanos(10_000);
        decade.compareTo(longest) < 0;
        decade = decade.multipliedBy(10)) {
      for (int tenths : new int[] {10, 20, 30, 50, 75}) {
        bounds.add(decade.multipliedBy(tenths).dividedBy(10));
      }
    }
    bounds.add(longest);
    return bounds.toArray(Duration[]::new);
  }

  private static Timer.Builder timer(String name, String description) {
    return Timer.builder(name)
        .description(description)
        .publishPercentiles(PERCENTILES) // for the JSON summary; Prometheus gets buckets
        .serviceLevelObjectives(BUCKETS);
  }

  private void gauge(String name, String description, Supplier<Number> value) {
    Gauge.builder(name, value).description(description).strongReference(true).register(registry);
  }

  private void gauge(String name, String description, String prefix, Supplier<Number> value) {
    Gauge.builder(name, value)
        .description(description)
        .tag(PREFIX, prefix)
        .strongReference(true)
        .register(registry);
  }

  /** The meter of {@code label}; each label has one. */
  private static <L, M> M of(Map<L, M> meters, L label) {
    return Objects.requireNonNull(meters.get(label));
  }

  private static void record(Timer timer, long nanos) {
    timer.record(nanos, TimeUnit.NANOSECONDS);
  }
}
