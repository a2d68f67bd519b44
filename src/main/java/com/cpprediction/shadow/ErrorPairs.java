package com.cpprediction.shadow;

import org.jspecify.annotations.Nullable;

/**
 * Pairs each shipment of the canary with the next one of the served release by whether it failed: a
 * burst of failures meets both. A shipment of the canary that another one follows first, and any of
 * the served release in between, has no partner. Thread-safe.
 */
final class ErrorPairs {
  /**
   * Pairs so far.
   *
   * @param canaryOnly in which that of the canary failed alone
   * @param servedOnly in which that of the served release failed alone
   * @param same all others
   */
  record Counts(long canaryOnly, long servedOnly, long same) {}

  private @Nullable Boolean canaryFailed; // of the shipment that waits for a partner
  private long canaryOnly;
  private long servedOnly;
  private long same;

  synchronized void add(boolean canary, boolean failed) {
    if (canary) {
      canaryFailed = failed;
      return;
    }
    var waiting = canaryFailed;
    if (waiting == null) return;
    canaryFailed = null;
    if (waiting == failed) same++;
    else if (failed) servedOnly++;
    else canaryOnly++;
  }

  synchronized Counts counts() {
    return new Counts(canaryOnly, servedOnly, same);
  }
}
