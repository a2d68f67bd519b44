package com.cpprediction.model;

import com.cpprediction.metrics.ServiceMetrics;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The share of wrong pincodes that predictions assume: configured, or estimated from the latest
 * predictions of this node, without labels. Thread-safe. An estimate starts anew with the process.
 *
 * <p>Each prediction tells how much likelier its pincode is where it is wrong than where it is
 * right. The estimate is the maximum of the posterior of the share, the fix point of expectation
 * maximisation: π = (a π₀ + Σ P(wrong | π)) / (a + n), with the prior π₀ worth a predictions. It is
 * rounded to a grid, so that few shares occur in stored rows, and moves by one value at a time: a
 * batch of a caller with unusual pincodes changes the predictions of others little, and a lasting
 * change is followed within minutes.
 */
public final class WrongPincodes {
  private static final Logger log = LoggerFactory.getLogger(WrongPincodes.class);

  /** The values of an estimate; the least one is its floor. */
  private static final double[] GRID = {
    0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5
  };

  private static final int START = 2; // in the grid
  private static final double PRIOR = GRID[START];
  private static final int PRIOR_WEIGHT = 300; // predictions
  private static final int WINDOW = 5_000; // predictions
  private static final int STEP = 500; // predictions between two estimates
  private static final long INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final int HALVINGS = 16; // of the interval of the share, to 1e-5

  /** An estimate stays on a grid value up to this part of the way to the next one. */
  private static final double HYSTERESIS = 0.65;

  /** Ratios beyond it tell no more. */
  private static final double MOST_ODDS = 1e9;

  private final Supplier<OptionalDouble> configured;
  private final Clock clock;
  private final LongSupplier nanos;
  private final double[] odds = new double[WINDOW];
  private int size;
  private int next;
  private int since; // the last estimate
  private long estimatedAt;
  private double estimate = PRIOR;
  private volatile int place = START;
  private double before = Double.NaN;
  private @Nullable Instant movedAt;

  /**
   * @param configured the share that the configuration fixes now, if any
   */
  public WrongPincodes(Supplier<OptionalDouble> configured, ServiceMetrics metrics, Clock clock) {
    this(configured, clock, System::nanoTime);
    metrics.wrongPincodes(this::share);
  }

  WrongPincodes(Supplier<OptionalDouble> configured, Clock clock, LongSupplier nanos) {
    this.configured = configured;
    this.clock = clock;
    this.nanos = nanos;
    estimatedAt = nanos.getAsLong();
  }

  /** The share to assume where none is configured and nothing is known. */
  public static double prior() {
    return PRIOR;
  }

  /** The share to assume now, 0..0.5. */
  public double share() {
    return configured.get().orElse(GRID[place]);
  }

  /**
   * Takes a prediction into account.
   *
   * @param wrongOdds as {@link com.cpprediction.prediction.Posterior#wrongOdds}; NaN is ignored
   */
  public synchronized void observe(double wrongOdds) {
    if (Double.isNaN(wrongOdds)) return;
    odds[next] = Math.min(wrongOdds, MOST_ODDS);
    next = (next + 1) % WINDOW;
    size = Math.min(size + 1, WINDOW);
    since++;
    long now = nanos.getAsLong();
    if (since < STEP && now - estimatedAt < INTERVAL_NANOS) return;
    since = 0;
    estimatedAt = now;
    estimate = estimated(odds, size);
    move();
  }

  /**
   * The estimate from the predictions of a whole file, on the grid.
   *
   * @param wrongOdds as {@link com.cpprediction.prediction.Posterior#wrongOdds}; NaN is ignored
   */
  public static double estimate(double[] wrongOdds) {
    var known =
        Arrays.stream(wrongOdds)
            .filter(odds -> !Double.isNaN(odds))
            .map(odds -> Math.min(odds, MOST_ODDS))
            .toArray();
    double estimate = estimated(known, known.length);
    double nearest = GRID[0];
    for (double value : GRID) {
      if (Math.abs(value - estimate) < Math.abs(nearest - estimate)) nearest = value;
    }
    return nearest;
  }

  /** The zero of the falling derivative of the logarithm of the posterior. */
  private static double estimated(double[] odds, int size) {
    double low = GRID[0];
    double high = GRID[GRID.length - 1];
    for (int i = 0; i < HALVINGS; i++) {
      double share = (low + high) / 2;
      if (slope(odds, size, share) > 0) low = share;
      else high = share;
    }
    return (low + high) / 2;
  }

  private static double slope(double[] odds, int size, double share) {
    double slope = PRIOR_WEIGHT * (PRIOR / share - (1 - PRIOR) / (1 - share));
    for (int i = 0; i < size; i++) slope += (odds[i] - 1.0) / (1 + share * (odds[i] - 1.0));
    return slope;
  }

  private void move() {
    int to = place;
    if (estimate > beyond(place + 1)) to = place + 1;
    else if (estimate < beyond(place - 1)) to = place - 1;
    if (to == place) return;
    before = GRID[place];
    movedAt = clock.instant();
    place = to;
    log.info("The share of wrong pincodes is now taken for {}, before for {}", GRID[to], before);
  }

  /** Where the estimate leaves the present grid value for that at {@code other}. */
  private double beyond(int other) {
    if (other < 0) return Double.NEGATIVE_INFINITY;
    if (other == GRID.length) return Double.POSITIVE_INFINITY;
    return GRID[place] + HYSTERESIS * (GRID[other] - GRID[place]);
  }

  /** JSON as {@code wrong_pincodes} of {@code GET /models/status}. */
  public synchronized JsonObject toJson() {
    return new JsonObject()
        .put("share", share())
        .put("source", configured.get().isPresent() ? "configured" : "estimated")
        .put("estimate", Math.rint(estimate * 1e5) / 1e5)
        .put("observed", size)
        .put("before", Double.isNaN(before) ? null : before)
        .put("moved_at", movedAt == null ? null : movedAt.toString());
  }
}
