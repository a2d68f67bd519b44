package com.cpprediction.dashboard;

import com.cpprediction.common.Labelled;
import com.cpprediction.metrics.FailureLog.Kind;
import com.cpprediction.metrics.MeterTotals;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.serving.HealthReport;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The alerts that fire on this node now: conditions on its own health and meters, with the
 * thresholds of {@code conf/prometheus/alerts.rules.yml} where that has the same. Evaluated by one
 * thread at a time; {@link #firing} is thread-safe.
 */
public final class Alerts {
  /** Time between evaluations. */
  public static final Duration PERIOD = Duration.ofSeconds(10);

  private static final Duration WINDOW = Duration.ofMinutes(5);
  private static final Duration SLOW = Duration.ofMillis(100);
  private static final Duration RENEWAL = Duration.ofDays(14);
  private static final double MAX_FAILED = 0.01;
  private static final double MAX_SLOW = 0.01;
  private static final double MAX_JOURNAL = 0.5;
  private static final double MAX_MEMORY = 0.9;
  private static final double LEAST_RATE = 0.1; // predictions per second
  private static final long MAX_WAIT_SECONDS = 60;

  private static final double MILLIS = 1e3;

  private static final MeterTotals NOTHING =
      new MeterTotals(
          0, 0, Map.of(), 0, 0, 0, 0, 0, 0, 0, List.of(), List.of(), List.of(), List.of());

  private enum Severity implements Labelled {
    CRITICAL,
    WARNING
  }

  /**
   * @param hold how long it is met before it fires
   * @param todo for operators
   * @param met the state in a sentence of numbers while it is met
   */
  private record Condition(
      String name,
      Severity severity,
      Duration hold,
      String todo,
      Function<Reading, Optional<String>> met) {}

  /** What is told of the node at a time; {@code recent} are the counts of the last minutes. */
  private record Reading(
      JsonObject checks, MeterTotals recent, double seconds, ServiceMetrics metrics, Instant now) {
    JsonObject check(String name) {
      return checks.getJsonObject(name, new JsonObject());
    }

    boolean ready(String check) {
      return check(check).getBoolean("ready", true);
    }
  }

  private record Earlier(Instant at, MeterTotals totals, long lost) {}

  private final HealthReport health;
  private final ServiceMetrics metrics;
  private final Supplier<Optional<Instant>> expiry;
  private final Clock clock;
  private final List<Condition> conditions;
  private final Deque<Earlier> earlier = new ArrayDeque<>(); // oldest first
  private final Map<String, Instant> since = new ConcurrentHashMap<>();
  private volatile JsonArray firing = new JsonArray();

  /**
   * @param expiry of the certificate; empty without one
   */
  public Alerts(
      HealthReport health,
      ServiceMetrics metrics,
      Supplier<Optional<Instant>> expiry,
      Clock clock) {
    this.health = health;
    this.metrics = metrics;
    this.expiry = expiry;
    this.clock = clock;
    conditions = conditions();
  }

  /**
   * Alerts as {@code {"name","severity","since","summary","todo"}}, the critical ones first; not to
   * be changed.
   */
  public JsonArray firing() {
    return firing;
  }

  /** Evaluates every condition. Walks meters and reads a file: blocks. */
  public void evaluate() {
    var now = clock.instant();
    var checks = health.figures().getJsonObject("checks");
    var totals = metrics.on() ? metrics.totals() : null;
    while (earlier.size() > 1
        && Duration.between(earlier.getFirst().at, now).compareTo(WINDOW) > 0) {
      earlier.removeFirst();
    }
    if (totals != null) earlier.add(new Earlier(now, totals, lost(checks)));
    var first = earlier.peekFirst();
    var reading =
        new Reading(
            checks,
            first == null || totals == null ? NOTHING : totals.since(first.totals),
            first == null ? 0 : Duration.between(first.at, now).toMillis() / MILLIS,
            metrics,
            now);
    var alerts = new JsonArray();
    for (var condition : conditions) {
      var met = condition.met.apply(reading);
      if (met.isEmpty()) {
        since.remove(condition.name);
        continue;
      }
      var begin = since.computeIfAbsent(condition.name, name -> now);
      if (Duration.between(begin, now).compareTo(condition.hold) < 0) continue;
      alerts.add(
          new JsonObject()
              .put("name", condition.name)
              .put("severity", condition.severity.label())
              .put("since", begin.toString())
              .put("summary", met.get())
              .put("todo", condition.todo));
    }
    firing = alerts;
  }

  private static long lost(JsonObject checks) {
    var persistence = checks.getJsonObject("persistence", new JsonObject());
    return persistence.getLong("rejected", 0L) + persistence.getLong("dropped", 0L);
  }

  private List<Condition> conditions() {
    return List.of(
        new Condition(
            "no-models",
            Severity.CRITICAL,
            Duration.ofMinutes(1),
            "GET /health names the directory and why models were refused; put a release into models.dir, then POST /models/reload.",
            reading ->
                when(!reading.ready("models"), "No model is ready: every prediction is refused")),
        new Condition(
            "cannot-keep",
            Severity.CRITICAL,
            Duration.ZERO,
            "GET /health says why under checks.persistence: a full or broken disk, or PostgreSQL with persistence.ack commit.",
            reading -> when(!reading.ready("persistence"), "Predictions can't be kept")),
        new Condition(
            "database-down",
            Severity.CRITICAL,
            Duration.ofMinutes(1),
            "GET /health says why under checks.database. What waits in the journal is stored once PostgreSQL is back.",
            reading ->
                when(
                    "down".equals(reading.check("database").getString("status")),
                    "PostgreSQL can't be used")),
        new Condition(
            "failures",
            Severity.CRITICAL,
            WINDOW,
            "GET /failures?kind=service has the newest; cp_shed_total says what was turned away, the log has the stack trace of internal.",
            Alerts::failed),
        new Condition(
            "journal-half-full",
            Severity.WARNING,
            Duration.ZERO,
            "Bring PostgreSQL back or make it faster; beyond journal.max_bytes requests are refused. GET /health has the predictions (waiting) and comparisons that wait, the latter in half of the journal at most.",
            Alerts::journal),
        new Condition(
            "rows-wait",
            Severity.WARNING,
            Duration.ofSeconds(30),
            "If PostgreSQL is up, compare the rates of cp_records_total and cp_db_rows_total; raise persistence.batch_size or give PostgreSQL faster disks.",
            reading -> waiting(reading.check("persistence"))),
        new Condition(
            "rows-lost",
            Severity.WARNING,
            Duration.ZERO,
            "Rejected rows lie in prediction_rejects with PostgreSQL's error; dropped ones were beyond the room, and persistence.when_full is drop.",
            this::rowsLost),
        new Condition(
            "slow",
            Severity.WARNING,
            WINDOW,
            "Look which part is slow: cp_score_seconds, cp_journal_append_seconds, cp_db_flush_seconds, cp_event_loop_delay_seconds, cp_hop_seconds.",
            Alerts::slow),
        new Condition(
            "config-refused",
            Severity.WARNING,
            Duration.ofMinutes(1),
            "GET /config says why under last_reload; the last good configuration stays in force, and a restart would fail.",
            reading ->
                when(
                    "refused".equals(reading.check("config").getString("outcome")),
                    "The edited configuration is refused")),
        new Condition(
            "models-refused",
            Severity.WARNING,
            Duration.ofMinutes(1),
            "GET /models/status says which and why; the models before them go on. models verify checks a release before it is in place.",
            reading ->
                when(
                    metrics.gauged("cp.last.reload.successful", "part", "models") == 0
                        && metrics.on(),
                    "Models of the newest release are refused")),
        new Condition(
            "canary-stopped",
            Severity.WARNING,
            Duration.ofMinutes(1),
            "GET /models/shadow says why and on what counts, under canary. Name another shadow release, or set models.canary.share to 0.",
            reading ->
                when(
                    reading.metrics.gauged("cp.canary.stopped") > 0,
                    "The canary has fallen behind and was stopped")),
        new Condition(
            "certificate",
            Severity.WARNING,
            Duration.ZERO,
            "Put a renewed certificate into the place of http.tls.certificate; it is taken over while the service runs.",
            this::certificate),
        new Condition(
            "pool-exhausted",
            Severity.WARNING,
            Duration.ofMinutes(1),
            "PostgreSQL is slow, or database.pool.size too small.",
            reading ->
                counted(
                    reading.metrics.gauged("vertx.pool.queue.pending", "pool_type", "sql"),
                    "%d statements wait for a connection")),
        new Condition(
            "owners-missing",
            Severity.WARNING,
            WINDOW,
            "A node is gone: GET /cluster lists members. Start it again, or lower cluster.replicas.",
            reading ->
                counted(
                    reading.metrics.gauged("cp.cluster.replicas.missing"),
                    "%d owners are missing in the cluster")),
        new Condition(
            "memory",
            Severity.WARNING,
            WINDOW,
            "Beyond its limit the kernel ends the process: lower -Xmx, or raise the limit.",
            Alerts::memory));
  }

  private static Optional<String> when(boolean met, String summary) {
    return met ? Optional.of(summary) : Optional.empty();
  }

  private static Optional<String> counted(long count, String summary) {
    return when(count > 0, summary.formatted(count));
  }

  private static Optional<String> failed(Reading reading) {
    long failures = reading.recent.failures(Kind.SERVICE);
    long all = reading.recent.fromModel() + reading.recent.fromCache() + failures;
    boolean many = all > LEAST_RATE * reading.seconds && failures > MAX_FAILED * all;
    return when(
        many,
        "%d of %d requests and shipments failed in %.0f s, and not by their own fault"
            .formatted(failures, all, reading.seconds));
  }

  private static Optional<String> slow(Reading reading) {
    long all = reading.recent.fromModel() + reading.recent.fromCache();
    long slow = beyond(reading.recent.modelTimes()) + beyond(reading.recent.cacheTimes());
    boolean many = all > LEAST_RATE * reading.seconds && slow > MAX_SLOW * all;
    return when(
        many,
        "%d of %d predictions in %.0f s took more than %d ms"
            .formatted(slow, all, reading.seconds, SLOW.toMillis()));
  }

  private static long beyond(List<Long> times) {
    int fast = 0;
    for (var bound : MeterTotals.timeBounds()) if (bound.compareTo(SLOW) <= 0) fast++;
    return times.stream().skip(fast).mapToLong(Long::longValue).sum();
  }

  private static Optional<String> journal(Reading reading) {
    var journal = reading.check("persistence").getJsonObject("journal", new JsonObject());
    long bytes = journal.getLong("bytes", 0L);
    long most = journal.getLong("max_bytes", Long.MAX_VALUE);
    return when(
        bytes > MAX_JOURNAL * most, "The journal is %d %% full".formatted(100 * bytes / most));
  }

  private static Optional<String> waiting(JsonObject persistence) {
    double oldest = persistence.getDouble("oldest_seconds", 0.0);
    return when(
        oldest > MAX_WAIT_SECONDS,
        "The oldest prediction that is not stored waits for %.0f s".formatted(oldest));
  }

  private Optional<String> rowsLost(Reading reading) {
    var first = earlier.peekFirst();
    if (first == null) return Optional.empty();
    return counted(
        lost(reading.checks) - first.lost, "%d predictions did not get into the table lately");
  }

  private Optional<String> certificate(Reading reading) {
    return expiry
        .get()
        .map(end -> Duration.between(reading.now, end))
        .filter(left -> left.compareTo(RENEWAL) < 0)
        .map(
            left ->
                left.isNegative()
                    ? "The certificate has expired"
                    : "The certificate expires in %d days".formatted(left.toDays()));
  }

  private static Optional<String> memory(Reading reading) {
    long limit = reading.metrics.gauged("cp.memory.limit");
    long used = ServiceMetrics.residentBytes();
    return when(
        limit > 0 && used > MAX_MEMORY * limit,
        "The process uses %d %% of the memory it may use"
            .formatted(100 * used / Math.max(1, limit)));
  }
}
