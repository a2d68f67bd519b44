package com.cpprediction.loadtest;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.text.DecimalFormat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests at a sequence of rates, or searches the highest rate within a bound; optionally
 * sends the same addresses twice.
 */
public final class LoadTest {
  /** Maximum number of addresses in the cache test. */
  private static final int CACHE_ADDRESSES = 500;

  /**
   * Requests per address of the cache test: Caffeine admits a new entry into a full cache only on
   * its second request.
   */
  private static final int CACHE_ROUNDS = 5;

  /** Name of the cache test's step with new addresses. */
  static final String FIRST = "first time";

  /** Name of the cache test's step that repeats them. */
  static final String AGAIN = "again";

  private static final String WARM_UP = "warm-up";
  private static final int WARM_CALLERS = 8;
  private static final int FILL_CALLERS = 8;

  /** Prefixes named in a message at most. */
  private static final int NAMED = 10;

  private final LoadGenerator generator;
  private final Plan plan;
  private final String run;
  private final Reporter reporter;
  private final List<Step> steps = new ArrayList<>();
  private List<AddressRow> addresses = List.of();
  private long sent;
  private long predicted;
  private int number;

  /**
   * Options of a load test.
   *
   * @param addresses of {@link Profile#FILE} all are sent, else those of prefixes that are served
   * @param rates requests per second, in order, each for {@code duration}; with {@code bound} the
   *     last is the highest
   * @param bound that the searched rate keeps to; null for no search
   * @param warmUp duration of an unreported first step at the highest rate, or the first of a
   *     search
   * @param testCache whether to send the same addresses twice at the end
   */
  public record Plan(
      Profile profile,
      List<AddressRow> addresses,
      List<Double> rates,
      @Nullable Condition bound,
      Duration duration,
      Duration warmUp,
      boolean testCache) {
    double highest() {
      return rates.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    }
  }

  /** Notified of each step. */
  public interface Reporter {
    /**
     * Called before a step.
     *
     * @return notified of the step's progress
     */
    LoadGenerator.Listener began(String name, Duration duration);

    /** Called after a step that is reported. */
    void ended(Step step);
  }

  /**
   * The services under test.
   *
   * @param description release, model settings and cache statistics of the first
   * @param prefixes served by any
   */
  public record Service(JsonObject description, Set<String> prefixes) {}

  /**
   * Measured steps.
   *
   * @param service as {@link #describe} returned it
   * @param found step at the highest rate within the bound; null without search or success
   * @param first cache test, new addresses; null without cache test
   * @param again cache test, the same addresses; null without cache test
   * @param predicted predictions returned, of all steps, those of warm-up and filling too
   * @param complete false when it was interrupted
   */
  public record Results(
      JsonObject service,
      List<Step> steps,
      @Nullable Step found,
      @Nullable Step first,
      @Nullable Step again,
      long predicted,
      boolean complete) {
    /** All steps, in order. */
    public List<Step> all() {
      var all = new ArrayList<>(steps);
      if (first != null) all.add(first);
      if (again != null) all.add(again);
      return all;
    }
  }

  /**
   * @param run letters unique to this run
   */
  public LoadTest(LoadGenerator generator, Plan plan, String run, Reporter reporter) {
    this.generator = generator;
    this.plan = plan;
    this.run = run;
    this.reporter = reporter;
  }

  /** Prefix of the ids of all shipments of a run. */
  public static String ids(String run) {
    return "load-test-%s-".formatted(run);
  }

  /**
   * Asks the services for release, model settings, prefixes and cache statistics.
   *
   * @throws LoadTestException when one can't be reached or isn't ready
   */
  public Service describe() throws InterruptedException {
    var prefixes = new TreeSet<String>();
    @Nullable JsonObject first = null;
    for (var target : generator.targets()) {
      var ready = generator.get(target, "/health/ready");
      if (!"ready".equals(ready.getString("status"))) {
        throw new LoadTestException(
            "The service at %s is not ready to be measured: %s"
                .formatted(target.url(), ready.getString("detail", ready.encode())),
            null);
      }
      var models = generator.get(target, "/models/status");
      for (var model : models.getJsonArray("models", new JsonArray())) {
        prefixes.add(((JsonObject) model).getString("prefix"));
      }
      // A node of a cluster has the owners of the other prefixes score theirs.
      var owners = generator.get(target, "/cluster").getJsonObject("owners", new JsonObject());
      prefixes.addAll(owners.fieldNames());
      if (first == null) first = models;
    }
    var description = new JsonObject();
    for (var key : List.of("release", "engine", "mapping", "preload", "loaded")) {
      description.put(key, Objects.requireNonNull(first).getValue(key));
    }
    return new Service(description.put("cache", generator.get("/cache/stats")), prefixes);
  }

  /**
   * Blocks until the last step, or until interrupted; then returns the complete steps.
   *
   * @throws LoadTestException when no address has a prefix that is served
   */
  public Results run(Service service) {
    addresses = served(service.prefixes());
    @Nullable Step found = null;
    @Nullable Step first = null;
    @Nullable Step again = null;
    boolean complete = false;
    try {
      var bound = plan.bound();
      if (!plan.warmUp().isZero()) warmUp();
      fillCache();
      if (bound != null) found = search(bound);
      else for (double rate : plan.rates()) measure(rate);
      if (plan.testCache()) {
        double requests = plan.highest() * plan.duration().toMillis() / 1e3;
        long count = (long) Math.ceil(Math.min(CACHE_ADDRESSES, requests / CACHE_ROUNDS));
        var once = Duration.ofMillis((long) Math.ceil(count / plan.highest() * 1e3));
        var fresh = Profile.MISSES.requests(addresses, run, "first", 0);
        first = open(FIRST, fresh, plan.highest(), once);
        reporter.ended(first);
        var known = new RequestSource(fresh.path(), 1, i -> fresh.body().apply(i % count));
        again = open(AGAIN, known, plan.highest(), plan.duration());
        reporter.ended(again);
      }
      complete = true;
    } catch (InterruptedException e) { // Ctrl-C
      complete = false;
    }
    return new Results(service.description(), steps, found, first, again, predicted, complete);
  }

  private List<AddressRow> served(Set<String> prefixes) {
    if (plan.profile() == Profile.FILE || prefixes.isEmpty()) return plan.addresses();
    var served = plan.addresses().stream().filter(row -> prefixes.contains(row.prefix())).toList();
    if (!served.isEmpty()) return served;
    throw new LoadTestException(
        "None of the built-in addresses has a prefix that the release at %s serves (%s); name a file of addresses with --profile FILE.csv"
            .formatted(
                generator.targets().get(0).url(),
                String.join(", ", prefixes.stream().limit(NAMED).toList())
                    + (prefixes.size() > NAMED ? ", …" : "")),
        null);
  }

  /**
   * @return the last step at the highest rate found; null when no rate is within bounds
   */
  private @Nullable Step search(Condition bound) throws InterruptedException {
    double found = RateSearch.highest(plan.highest(), rate -> within(bound, measure(rate)));
    return steps.stream()
        .filter(step -> step.rate() == found)
        .reduce((earlier, later) -> later)
        .orElse(null);
  }

  /** A generator that was late itself is in the latencies, and so in the bound. */
  private static boolean within(Condition bound, Step step) {
    return step.held() && bound.holds(step);
  }

  /**
   * A search begins with low rates, which would leave the service uncompiled: as fast as it can.
   */
  private void warmUp() throws InterruptedException {
    var requests = requests("warm");
    if (plan.bound() == null) {
      open(WARM_UP, requests, plan.highest(), plan.warmUp());
      return;
    }
    var listener = reporter.began(WARM_UP, plan.warmUp());
    predicted +=
        requests.shipments()
            * generator.closed(WARM_UP, requests, WARM_CALLERS, plan.warmUp(), listener).ok();
  }

  private Step measure(double rate) throws InterruptedException {
    var name = new DecimalFormat("#.##/s").format(rate);
    var step = open(name, requests("s" + Profile.letters(number++)), rate, plan.duration());
    steps.add(step);
    reporter.ended(step);
    return step;
  }

  private RequestSource requests(String step) {
    return plan.profile().requests(addresses, run, step, sent);
  }

  private Step open(String name, RequestSource requests, double rate, Duration duration)
      throws InterruptedException {
    var before = meters();
    var step = generator.open(name, requests, rate, duration, reporter.began(name, duration));
    sent += step.due();
    predicted += step.ok() * step.shipments();
    var after = meters();
    return before == null || after == null ? step : step.with(after.since(before));
  }

  /** The sum over all services; null where one has its metrics off. */
  private @Nullable ServiceMeters meters() throws InterruptedException {
    @Nullable ServiceMeters sum = null;
    for (var target : generator.targets()) {
      var one = ServiceMeters.of(generator.text(target, "/metrics"));
      if (one == null) return null;
      sum = sum == null ? one : sum.plus(one);
    }
    return sum;
  }

  /** Fills the cache with the repeated addresses, so that the first rate isn't the slowest. */
  private void fillCache() throws InterruptedException {
    int repeated = plan.profile().repeated(addresses.size());
    if (repeated == 0) return;
    var all = addresses.subList(0, repeated);
    // Twice: Caffeine admits an entry into a full cache only on its second request.
    var requests = Profile.FILE.requests(all, run, "filling", 0);
    predicted +=
        generator
            .count("filling", requests, FILL_CALLERS, 2L * repeated, LoadGenerator.Listener.NONE)
            .ok();
  }
}
