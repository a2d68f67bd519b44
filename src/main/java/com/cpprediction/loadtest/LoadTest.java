package com.cpprediction.loadtest;

import io.vertx.core.json.JsonObject;
import java.text.DecimalFormat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sends requests at a sequence of rates; optionally sends the same addresses twice. */
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

  private static final int FILL_CALLERS = 8;

  private final LoadGenerator generator;
  private final Plan plan;
  private final String run;
  private final Reporter reporter;
  private long sent;

  /**
   * Options of a load test.
   *
   * @param rates requests per second, in order, each for {@code duration}
   * @param warmUp duration of an unreported first step at the highest rate
   * @param testCache whether to send the same addresses twice at the end
   */
  public record Plan(
      Profile profile,
      List<AddressRow> addresses,
      List<Double> rates,
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
   * Measured steps.
   *
   * @param service as {@link #describe} returned it
   * @param first cache test, new addresses; null without cache test
   * @param again cache test, the same addresses; null without cache test
   * @param complete false when it was interrupted
   */
  public record Results(
      JsonObject service,
      List<Step> steps,
      @Nullable Step first,
      @Nullable Step again,
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

  /**
   * Asks the service for its release, model settings and cache statistics.
   *
   * @throws LoadTestException when it can't be reached or isn't ready
   */
  public JsonObject describe() throws InterruptedException {
    var ready = generator.get("/health/ready");
    if (!"ready".equals(ready.getString("status"))) {
      throw new LoadTestException(
          "The service at %s is not ready to be measured: %s"
              .formatted(generator.target().url(), ready.getString("detail", ready.encode())),
          null);
    }
    var models = generator.get("/models/status");
    var service = new JsonObject();
    for (var key : List.of("release", "engine", "mapping", "preload", "loaded")) {
      service.put(key, models.getValue(key));
    }
    return service.put("cache", generator.get("/cache/stats"));
  }

  /** Blocks until the last step, or until interrupted; then returns the complete steps. */
  public Results run(JsonObject service) {
    var steps = new ArrayList<Step>();
    @Nullable Step first = null;
    @Nullable Step again = null;
    try {
      if (!plan.warmUp().isZero()) {
        open("warm-up", requests("warm"), plan.highest(), plan.warmUp());
      }
      fillCache();
      int n = 0;
      for (double rate : plan.rates()) {
        var name = new DecimalFormat("#.##/s").format(rate);
        var step = open(name, requests("s" + Profile.letters(n++)), rate, plan.duration());
        steps.add(step);
        reporter.ended(step);
      }
      if (plan.testCache()) {
        double requests = plan.highest() * plan.duration().toMillis() / 1e3;
        long addresses = (long) Math.ceil(Math.min(CACHE_ADDRESSES, requests / CACHE_ROUNDS));
        var once = Duration.ofMillis((long) Math.ceil(addresses / plan.highest() * 1e3));
        var fresh = Profile.MISSES.requests(plan.addresses(), run, "first", 0);
        first = open(FIRST, fresh, plan.highest(), once);
        reporter.ended(first);
        var known = new RequestSource(fresh.path(), 1, i -> fresh.body().apply(i % addresses));
        again = open(AGAIN, known, plan.highest(), plan.duration());
        reporter.ended(again);
      }
      return new Results(service, steps, first, again, true);
    } catch (InterruptedException e) { // Ctrl-C
      return new Results(service, steps, first, again, false);
    }
  }

  private RequestSource requests(String step) {
    return plan.profile().requests(plan.addresses(), run, step, sent);
  }

  private Step open(String name, RequestSource requests, double rate, Duration duration)
      throws InterruptedException {
    var step = generator.open(name, requests, rate, duration, reporter.began(name, duration));
    sent += step.due();
    return step;
  }

  /** Fills the cache with the repeated addresses, so that the first rate isn't the slowest. */
  private void fillCache() throws InterruptedException {
    int repeated = plan.profile().repeated(plan.addresses().size());
    if (repeated == 0) return;
    var all = plan.addresses().subList(0, repeated);
    // Twice: Caffeine admits an entry into a full cache only on its second request.
    var requests = Profile.FILE.requests(all, run, "filling", 0);
    generator.count("filling", requests, FILL_CALLERS, 2L * repeated, LoadGenerator.Listener.NONE);
  }
}
