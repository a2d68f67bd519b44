package com.cpprediction.loadtest;

import io.vertx.core.json.JsonObject;
import java.text.DecimalFormat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Steps through rates, and asks for the same addresses twice when the cache is to be tested. */
public final class LoadTest {
  /** Addresses asked for again and again to test the cache: at most so many, */
  private static final int FEW = 500;

  /** and each of them so often: a full cache takes a new entry in for the second request only. */
  private static final int ROUNDS = 5;

  /** Names of the steps that test the cache. */
  static final String FIRST = "first time";

  static final String AGAIN = "again";

  private static final int WARMING = 8; // callers

  private final LoadGenerator generator;
  private final Plan plan;
  private final String run;
  private final Reporter reporter;
  private long asked;

  /**
   * What is to be done.
   *
   * @param rates requests per second, each for {@code duration}, in this order
   * @param warmUp at the highest rate, before all else; not reported
   * @param testCache whether to ask for the same addresses twice at the end
   */
  public record Plan(
      Profile profile,
      List<Place> places,
      List<Double> rates,
      Duration duration,
      Duration warmUp,
      boolean testCache) {
    double highest() {
      return rates.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    }
  }

  /** Hears of each step. */
  public interface Reporter {
    /**
     * A step begins.
     *
     * @return hears how it goes on
     */
    LoadGenerator.Listener began(String name, Duration duration);

    /** The step is over. */
    void ended(Step step);
  }

  /**
   * What was measured.
   *
   * @param service what it says of its models and its cache
   * @param first the step that asked for addresses for the first time; null when not asked for
   * @param again the step that asked for the same ones
   * @param complete false when it was interrupted
   */
  public record Outcome(
      JsonObject service, List<Step> steps, Step first, Step again, boolean complete) {
    /** Every step there is, in order. */
    public List<Step> all() {
      var all = new ArrayList<>(steps);
      if (first != null) all.add(first);
      if (again != null) all.add(again);
      return all;
    }
  }

  /**
   * @param run tells this run from all others; letters
   */
  public LoadTest(LoadGenerator generator, Plan plan, String run, Reporter reporter) {
    this.generator = generator;
    this.plan = plan;
    this.run = run;
    this.reporter = reporter;
  }

  /**
   * What the service is, before anything is sent to it.
   *
   * @throws LoadTestException when it isn't there or not ready
   */
  public JsonObject look() throws InterruptedException {
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

  /** Blocks until all is done, or the thread is interrupted; then what is complete counts. */
  public Outcome run(JsonObject service) {
    var steps = new ArrayList<Step>();
    Step first = null;
    Step again = null;
    try {
      if (!plan.warmUp().isZero()) {
        open("warm-up", questions("warm"), plan.highest(), plan.warmUp());
      }
      warm();
      int n = 0;
      for (double rate : plan.rates()) {
        var name = new DecimalFormat("#.##/s").format(rate);
        var step = open(name, questions("s" + Profile.letters(n++)), rate, plan.duration());
        steps.add(step);
        reporter.ended(step);
      }
      if (plan.testCache()) {
        double requests = plan.highest() * plan.duration().toMillis() / 1e3;
        long addresses = (long) Math.ceil(Math.min(FEW, requests / ROUNDS));
        var once = Duration.ofMillis((long) Math.ceil(addresses / plan.highest() * 1e3));
        var fresh = Profile.MISSES.questions(plan.places(), run, "first", 0);
        first = open(FIRST, fresh, plan.highest(), once);
        reporter.ended(first);
        var known = new Questions(fresh.path(), 1, i -> fresh.body().apply(i % addresses));
        again = open(AGAIN, known, plan.highest(), plan.duration());
        reporter.ended(again);
      }
      return new Outcome(service, steps, first, again, true);
    } catch (InterruptedException e) { // the user has seen enough
      return new Outcome(service, steps, first, again, false);
    }
  }

  private Questions questions(String step) {
    return plan.profile().questions(plan.places(), run, step, asked);
  }

  private Step open(String name, Questions questions, double rate, Duration duration)
      throws InterruptedException {
    var step = generator.open(name, questions, rate, duration, reporter.began(name, duration));
    asked += step.due();
    return step;
  }

  /** Fills the cache with what comes again, so that it isn't the order of the steps that shows. */
  private void warm() throws InterruptedException {
    int known = plan.profile().known(plan.places().size());
    if (known == 0) return;
    var all = plan.places().subList(0, known);
    // Twice: a full cache takes a new entry in for the second request only.
    var questions = Profile.FILE.questions(all, run, "filling", 0);
    generator.count("filling", questions, WARMING, 2L * known, LoadGenerator.Listener.NONE);
  }
}
