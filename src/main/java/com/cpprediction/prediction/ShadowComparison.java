package com.cpprediction.prediction;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A prediction as the served release and the shadow release make it.
 *
 * @param id of the prediction that was sent
 * @param prefix of the prediction that was sent
 * @param canary whether that of the shadow release was sent
 * @param run of the canary that sent it; null where none went on by then, where it is of other
 *     releases than these, or where the served release sent it
 * @param served by the served release
 * @param shadow by the shadow release
 */
public record ShadowComparison(
    UUID id,
    String shipmentId,
    String prefix,
    boolean canary,
    @Nullable UUID run,
    Side served,
    Side shadow) {
  /**
   * The prediction of one release.
   *
   * @param release {@code ServingRelease.release()} of it
   * @param fingerprint as stored with predictions
   */
  public record Side(String release, String cp, double confidence, String fingerprint) {}

  /** Whether both releases predict the same CP. */
  public boolean agrees() {
    return served.cp().equals(shadow.cp());
  }
}
