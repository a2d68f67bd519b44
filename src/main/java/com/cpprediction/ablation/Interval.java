package com.cpprediction.ablation;

import java.util.List;

/**
 * Ratio of a metric between two variants, with its 95 % confidence interval.
 *
 * @param ratio tested over baseline, geometric mean over the rounds
 * @param low lower bound; NaN after a single round
 * @param high upper bound; NaN after a single round
 */
record Interval(double ratio, double low, double high) {
  /**
   * Student's t, two-sided 95 %, for 1 to 29 degrees of freedom; NIST/SEMATECH e-Handbook of
   * Statistical Methods, 1.3.6.7.2.
   */
  private static final double[] T = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045
  };

  /** Maximum number of rounds. */
  static final int MAX_ROUNDS = T.length + 1;

  /** Interpretation of an interval. */
  enum Verdict {
    GAIN("gain", "+"),
    NONE("no measurable gain", "="),
    COST("cost", "-"),
    UNKNOWN("one round: no interval", "");

    private final String label;
    private final String mark;

    Verdict(String label, String mark) {
      this.label = label;
      this.mark = mark;
    }

    /** For full tables. */
    String label() {
      return label;
    }

    /** For short tables. */
    String mark() {
      return mark;
    }
  }

  /**
   * The t-interval over the logarithms of paired ratios. Pairing by round cancels out effects on a
   * whole round.
   *
   * @param ratios one per round, positive, 1 to {@link #MAX_ROUNDS} of them
   */
  static Interval of(List<Double> ratios) {
    int n = ratios.size();
    if (n < 1 || n > MAX_ROUNDS) throw new IllegalArgumentException(n + " rounds");
    var logs = ratios.stream().mapToDouble(Math::log).toArray();
    double mean = mean(logs);
    if (n == 1) return new Interval(Math.exp(mean), Double.NaN, Double.NaN);
    double squares = 0;
    for (double log : logs) squares += (log - mean) * (log - mean);
    double half = T[n - 2] * Math.sqrt(squares / (n - 1) / n);
    return new Interval(Math.exp(mean), Math.exp(mean - half), Math.exp(mean + half));
  }

  /** Geometric mean; 0 when a value is. */
  static double geometricMean(List<Double> values) {
    return Math.exp(mean(values.stream().mapToDouble(Math::log).toArray()));
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) sum += value;
    return sum / values.length;
  }

  boolean known() {
    return !Double.isNaN(low);
  }

  Verdict verdict(Metric.Better better) {
    if (!known()) return Verdict.UNKNOWN;
    if (low <= 1 && high >= 1 || better == Metric.Better.NEITHER) return Verdict.NONE;
    return low > 1 == (better == Metric.Better.MORE) ? Verdict.GAIN : Verdict.COST;
  }
}
