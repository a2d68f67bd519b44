package com.cpprediction.shadow;

/**
 * A sequential test of whether a mean has fallen below a margin, valid at every look.
 *
 * <p>Each observation X is −1 where only the served release was right, 1 where only the canary was,
 * else 0. The hypothesis is E[X] ≥ −m. Under it each product of 1 + λ(−m − X) with 0 ≤ λ ≤ 1/(1 +
 * m) is a supermartingale that begins with 1, and so is their mean over several λ, the evidence. By
 * Ville's inequality the evidence ever exceeds 1/α with a probability of α at most, however often
 * and whenever one looks, and whatever the outcome before led to (A. Waudby-Smith and A. Ramdas,
 * "Estimating means of bounded random variables by betting", Journal of the Royal Statistical
 * Society B 86, 2024, pp. 1-27). The products depend on the counts of −1, 0 and 1 only.
 */
final class DropEvidence {
  /** Probability of an alarm although the canary has not fallen behind, at most. */
  static final double ALPHA = 0.025;

  /** Evidence from which on there is an alarm. */
  static final double THRESHOLD = 1 / ALPHA;

  /** λ as parts of the greatest one allowed: small ones find small drops, great ones are fast. */
  private static final double[] STAKES = {0.03, 0.06, 0.12, 0.25, 0.4, 0.6, 0.8, 0.95};

  private DropEvidence() {}

  /**
   * The evidence that the mean is below −{@code margin}.
   *
   * @param worse observations of −1
   * @param same observations of 0
   * @param better observations of 1
   * @param margin 0..1
   */
  static double evidence(long worse, long same, long better, double margin) {
    double sum = 0;
    for (double stake : STAKES) {
      double lambda = stake / (1 + margin);
      sum +=
          Math.exp(
              worse * Math.log1p(lambda * (1 - margin))
                  + same * Math.log1p(-lambda * margin)
                  + better * Math.log1p(-lambda * (1 + margin)));
    }
    return sum / STAKES.length;
  }
}
