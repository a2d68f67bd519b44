package com.cpprediction.config;

import java.time.Duration;

/**
 * The models.
 *
 * @param poll interval of looking for a new release, zero for never
 * @param maxAccuracyDrop largest drop of held-back accuracy that a new release may bring, as a
 *     share; 1 for no limit
 * @param drift interval of the looks at the drift, zero for none
 */
public record ModelsConfig(
    String dir,
    String engine,
    String mapping,
    String preload,
    Duration poll,
    double maxAccuracyDrop,
    Duration drift,
    Shadow shadow,
    Canary canary) {
  /**
   * A second release that scores predictions after they were sent.
   *
   * @param dir its directory; empty for none
   * @param share of the addresses that it scores, 0..1
   */
  public record Shadow(String dir, double share) {}

  /**
   * The shadow release as the server of some addresses.
   *
   * @param share of the addresses that it serves, 0..1
   * @param maxDrop accuracy and error rate by which it may fall behind, as a share
   */
  public record Canary(double share, double maxDrop) {}

  /** Whether model files are read onto the heap. */
  public boolean heap() {
    return mapping.equals("heap");
  }

  /** Whether each request reads the model it needs. */
  public boolean perRequest() {
    return preload.equals("per_request");
  }
}
