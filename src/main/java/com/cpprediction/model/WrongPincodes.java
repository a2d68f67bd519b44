package com.cpprediction.model;

import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PincodeLikelihoods;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shares of wrong pincodes that predictions for one caller assume: configured, or estimated
 * from its latest predictions on this node, without labels. Thread-safe. An estimate starts anew
 * with the process.
 *
 * <p>Each prediction tells how likely its pincode is as a right one and as each kind of error. The
 * estimate is the maximum of the posterior of the shares, by expectation maximisation: π_k = (a
 * π₀_k + Σ P(kind k | π)) / (a + n), with the prior π₀ worth a predictions. Each share is rounded
 * to a grid, so that few occur in stored rows, and moves by one value at a time, at most every five
 * seconds: a burst of unusual pincodes changes predictions little, and a lasting change is followed
 * within minutes.
 */
public final class WrongPincodes {
  private static final Logger log = LoggerFactory.getLogger(WrongPincodes.class);

  /** The values of a share; the least one is its floor. */
  private static final double[] GRID = {
    0.001, 0.002, 0.004, 0.007, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5
  };

  static final String[] KINDS = {"slips", "near", "far"};
  private static final int[] START = {2, 1, 1}; // in the grid, by kind
  private static final PincodeErrors PRIOR = errors(START);
  private static final int PRIOR_WEIGHT = 300; // predictions
  private static final int WINDOW = 5_000; // predictions
  private static final int STEP = 500; // predictions between two estimates
  private static final long LEAST_NANOS = TimeUnit.SECONDS.toNanos(5); // between two estimates
  private static final long MOST_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final int ITERATIONS = 10; // of an estimate that begins with the one before
  private static final int ITERATIONS_ANEW = 300;

  /** An estimate stays on a grid value up to this part of the way to the next one. */
  private static final double HYSTERESIS = 0.65;

  private final Supplier<OptionalDouble> configured;
  private final Clock clock;
  private final LongSupplier nanos;
  private final AtomicReferenceArray<@Nullable PincodeLikelihoods> latest =
      new AtomicReferenceArray<>(WINDOW);
  private final AtomicLong observed = new AtomicLong();
  private final ReentrantLock estimating = new ReentrantLock(); // guards what changes below
  private volatile long estimatedAt;
  private volatile long observedThen; // at the last estimate
  private double[] estimate = shares(PRIOR);
  private final int[] place = START.clone(); // in the grid, by kind
  private volatile PincodeErrors estimated = PRIOR;
  private final ShareHistory history = new ShareHistory();

  /**
   * @param configured the share that the configuration fixes now, if any
   * @param nanos as {@link System#nanoTime()}
   */
  WrongPincodes(Supplier<OptionalDouble> configured, Clock clock, LongSupplier nanos) {
    this.configured = configured;
    this.clock = clock;
    this.nanos = nanos;
    estimatedAt = nanos.getAsLong();
  }

  /** The shares to assume where none is configured and nothing is known. */
  public static PincodeErrors prior() {
    return PRIOR;
  }

  /** The shares to assume now. */
  public PincodeErrors errors() {
    var share = configured.get();
    return share.isPresent() ? PincodeErrors.of(share.getAsDouble()) : estimated;
  }

  /**
   * Takes a prediction into account. Never waits: every event loop calls it for every prediction,
   * and the one that finds an estimate due makes it.
   */
  public void observe(PincodeLikelihoods likelihoods) {
    long before = observed.getAndIncrement();
    latest.setRelease((int) (before % WINDOW), likelihoods);
    if (!due() || !estimating.tryLock()) return;
    try {
      if (due()) estimate();
    } finally {
      estimating.unlock();
    }
  }

  private boolean due() {
    boolean few = observed.get() - observedThen < STEP;
    return nanos.getAsLong() - estimatedAt >= (few ? MOST_NANOS : LEAST_NANOS);
  }

  private void estimate() {
    observedThen = observed.get();
    estimatedAt = nanos.getAsLong();
    var window = new ArrayList<PincodeLikelihoods>(WINDOW);
    for (int i = 0; i < WINDOW; i++) {
      var of = latest.getAcquire(i);
      if (of != null) window.add(of);
    }
    estimate = estimated(window, estimate, ITERATIONS);
    move();
  }

  /** The estimate from the predictions of a whole file, on the grid. */
  public static PincodeErrors estimate(List<PincodeLikelihoods> predictions) {
    var shares = estimated(predictions, shares(PRIOR), ITERATIONS_ANEW);
    var nearest = new int[KINDS.length];
    for (int kind = 0; kind < nearest.length; kind++) {
      for (int at = 0; at < GRID.length; at++) {
        double distance = Math.abs(GRID[nearest[kind]] - shares[kind]);
        if (Math.abs(GRID[at] - shares[kind]) < distance) nearest[kind] = at;
      }
    }
    while (share(nearest) > PincodeErrors.MOST) nearest[greatest(nearest)]--;
    return errors(nearest);
  }

  /**
   * @param shares to begin with, by kind
   */
  private static double[] estimated(
      List<PincodeLikelihoods> predictions, double[] shares, int iterations) {
    var now = shares;
    for (int i = 0; i < iterations; i++) now = expected(predictions, now);
    return now;
  }

  /** One step of expectation maximisation. */
  private static double[] expected(List<PincodeLikelihoods> predictions, double[] shares) {
    double right = 1 - shares[0] - shares[1] - shares[2];
    double slips = 0;
    double near = 0;
    double far = 0;
    for (var of : predictions) {
      double slip = shares[0] * of.slip();
      double neighbour = shares[1] * of.near();
      double any = shares[2] * of.far();
      double all = right * of.right() + slip + neighbour + any;
      if (!(all > 0)) continue;
      slips += slip / all;
      near += neighbour / all;
      far += any / all;
    }
    double weight = PRIOR_WEIGHT + predictions.size();
    return new double[] {
      (PRIOR_WEIGHT * PRIOR.slips() + slips) / weight,
      (PRIOR_WEIGHT * PRIOR.near() + near) / weight,
      (PRIOR_WEIGHT * PRIOR.far() + far) / weight
    };
  }

  private void move() {
    boolean moved = false;
    for (int kind = 0; kind < KINDS.length; kind++) {
      int to = towards(place[kind], estimate[kind]);
      if (to == place[kind]) continue;
      double most = PincodeErrors.MOST - share(place) + GRID[place[kind]];
      if (GRID[to] > most) continue;
      place[kind] = to;
      moved = true;
    }
    if (!moved) return;
    double before = rounded(estimated.share());
    estimated = errors(place);
    double after = rounded(estimated.share());
    if (after != before) history.moved(clock.instant(), before, after);
    log.info("The estimated share of wrong pincodes is now {}, before {}", after, before);
  }

  private static int towards(int place, double estimate) {
    if (estimate > beyond(place, place + 1)) return place + 1;
    return estimate < beyond(place, place - 1) ? place - 1 : place;
  }

  /** Where an estimate leaves the grid value at {@code place} for that at {@code other}. */
  private static double beyond(int place, int other) {
    if (other < 0) return Double.NEGATIVE_INFINITY;
    if (other == GRID.length) return Double.POSITIVE_INFINITY;
    return GRID[place] + HYSTERESIS * (GRID[other] - GRID[place]);
  }

  private static PincodeErrors errors(int[] places) {
    return new PincodeErrors(GRID[places[0]], GRID[places[1]], GRID[places[2]]);
  }

  private static double[] shares(PincodeErrors errors) {
    return new double[] {errors.slips(), errors.near(), errors.far()};
  }

  private static double share(int[] places) {
    return GRID[places[0]] + GRID[places[1]] + GRID[places[2]];
  }

  private static int greatest(int[] places) {
    int greatest = 0;
    for (int i = 1; i < places.length; i++) if (places[i] > places[greatest]) greatest = i;
    return greatest;
  }

  private static double rounded(double share) {
    return Math.rint(share * 1e5) / 1e5;
  }

  /** JSON as {@code wrong_pincodes} of {@code GET /models/status}, without {@code callers}. */
  JsonObject toJson() {
    estimating.lock();
    try {
      var now = errors();
      return new JsonObject()
          .put("share", rounded(now.share()))
          .put("kinds", kinds(now.slips(), now.near(), now.far()))
          .put("source", configured.get().isPresent() ? "configured" : "estimated")
          .put("estimate", kinds(estimate[0], estimate[1], estimate[2]))
          .put("observed", (int) Math.min(observed.get(), WINDOW))
          .put("moves", history.toJson());
    } finally {
      estimating.unlock();
    }
  }

  private static JsonObject kinds(double slips, double near, double far) {
    return new JsonObject()
        .put(KINDS[0], rounded(slips))
        .put(KINDS[1], rounded(near))
        .put(KINDS[2], rounded(far));
  }
}
