package com.cpprediction.model;

/**
 * The Wilson score interval of confidence of 95 % of a share (E. B. Wilson, "Probable inference,
 * the law of succession, and statistical inference", Journal of the American Statistical
 * Association 22, 1927, pp. 209-212).
 *
 * @param low 0..1
 * @param high 0..1
 */
public record WilsonInterval(double low, double high) {
  private static final double Z = 1.959963984540054; // the normal distribution's 97.5 % quantile

  /**
   * The interval of a share of counted rows.
   *
   * @param share 0..1
   * @param rows at least 1
   */
  public static WilsonInterval of(double share, double rows) {
    double square = Z * Z / rows;
    double centre = share + square / 2;
    double half = Z * Math.sqrt((share * (1 - share) + square / 4) / rows);
    return new WilsonInterval((centre - half) / (1 + square), (centre + half) / (1 + square));
  }
}
