package com.cpprediction.loadtest;

/** Search for the highest rate within bounds, by measuring. */
final class RateSearch {
  /** First rate of a search. */
  static final double FROM = 50;

  /** A search that finds nothing ends below this rate. */
  private static final double LEAST = 1;

  /** Ends when the lowest rate out of bounds is at most this multiple of the one found. */
  private static final double PRECISION = 1.05;

  private RateSearch() {}

  /** Measures a rate. */
  @FunctionalInterface
  interface Measure {
    /** Whether {@code rate}, in requests per second, is within bounds. */
    boolean within(double rate) throws InterruptedException;
  }

  /**
   * Doubles the rate until it is out of bounds, then halves the interval in question. A rate is out
   * of bounds when it fails twice in turn: a pause of the machine must not end the search.
   *
   * @param most highest rate to measure
   * @return within bounds; 0 when no rate is
   */
  static double highest(double most, Measure measure) throws InterruptedException {
    double below = 0; // within bounds
    double above = Double.POSITIVE_INFINITY; // out of bounds
    double rate = Math.min(FROM, most);
    while (rate > below && rate < above && rate >= LEAST) {
      if (measure.within(rate) || measure.within(rate)) below = rate;
      else above = rate;
      if (above <= below * PRECISION) break;
      if (Double.isInfinite(above)) rate = Math.min(2 * rate, most);
      else rate = Math.rint(below == 0 ? above / 2 : (below + above) / 2);
    }
    return below;
  }
}
