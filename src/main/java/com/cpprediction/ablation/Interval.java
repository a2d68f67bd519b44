package com.cpprediction.ablation;

import java.util.List;

/**
 * How a metric with an optimisation compares to the same without it.
 *
 * @param ratio with over without: geometric mean over the rounds
 * @param low end of the 95 % confidence interval; NaN where there is one round only
 * @param high the other end
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

  /** Rounds at most. */
  static final int MAX_ROUNDS = T.length + 1;

  /** What the interval says. */
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

    /** In words. */
    String label() {
      return label;
    }

    /** Where there is no room for words. */
    String mark() {
      return mark;
    }
  }

  /**
   * From pairs measured in the same round, so that what slows a whole round down cancels out: the
   * t-interval over the logarithms of their ratios.
   *
   * @param ratios one for each round, positive, 1 to {@link #MAX_ROUNDS} of them
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

  /** The mean that fits ratios; 0 when any value is. */
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
