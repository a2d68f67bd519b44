package com.cpprediction.chaos;

import java.util.ArrayList;
import java.util.List;

/** Samples of a quantity over time, and the slope of the least squares through them. */
final class Trend {
  private final List<double[]> samples = new ArrayList<>(); // hours, value

  /**
   * Slope with its 95 % interval; samples that depend on each other make the true one wider.
   *
   * @param perHour change of the quantity in an hour
   * @param margin half of the interval
   */
  record Slope(double perHour, double margin) {
    boolean rises() {
      return perHour - margin > 0;
    }

    @Override
    public String toString() {
      return "%.3g ± %.2g".formatted(perHour, margin);
    }
  }

  void add(double hours, double value) {
    samples.add(new double[] {hours, value});
  }

  double last() {
    return samples.get(samples.size() - 1)[1];
  }

  /** Of three samples at least. */
  Slope slope() {
    int n = samples.size();
    double time = samples.stream().mapToDouble(sample -> sample[0]).average().orElseThrow();
    double value = samples.stream().mapToDouble(sample -> sample[1]).average().orElseThrow();
    double spread = 0;
    double common = 0;
    for (var sample : samples) {
      spread += (sample[0] - time) * (sample[0] - time);
      common += (sample[0] - time) * (sample[1] - value);
    }
    double slope = common / spread;
    double rest = 0;
    for (var sample : samples) {
      double off = sample[1] - value - slope * (sample[0] - time);
      rest += off * off;
    }
    return new Slope(slope, studentsT(n - 2) * Math.sqrt(rest / (n - 2) / spread));
  }

  /** The two-sided 95 % point of Student's t, within 3 % from four degrees of freedom on. */
  private static double studentsT(int degrees) {
    return 1.96 + 2.37 / degrees + 2.82 / ((double) degrees * degrees);
  }
}
