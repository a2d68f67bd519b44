package com.cpprediction.config;

import java.time.Duration;

/**
 * The models.
 *
 * @param poll interval of looking for a new release, zero for never
 * @param maxAccuracyDrop largest drop of held-back accuracy that a new release may bring, as a
 *     share; 1 for no limit
 */
public record ModelsConfig(
    String dir,
    String engine,
    String mapping,
    String preload,
    Duration poll,
    double maxAccuracyDrop) {
  /** Whether model files are read onto the heap. */
  public boolean heap() {
    return mapping.equals("heap");
  }

  /** Whether each request reads the model it needs. */
  public boolean perRequest() {
    return preload.equals("per_request");
  }
}
