package com.cpprediction.shadow;

import io.vertx.core.json.JsonObject;
import java.util.UUID;
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
  record Counts(long canaryOnly, long servedOnly, long same) {
    static final Counts NONE = new Counts(0, 0, 0);

    Counts plus(Counts more) {
      return new Counts(
          canaryOnly + more.canaryOnly, servedOnly + more.servedOnly, same + more.same);
    }

    JsonObject toJson() {
      return new JsonObject()
          .put("canary_only", canaryOnly)
          .put("served_only", servedOnly)
          .put("same", same);
    }

    static Counts of(JsonObject json) {
      return new Counts(
          json.getLong("canary_only"), json.getLong("served_only"), json.getLong("same"));
    }
  }

  private final UUID id = UUID.randomUUID();
  private @Nullable Boolean canaryFailed; // of the shipment that waits for a partner
  private long canaryOnly;
  private long servedOnly;
  private long same;

  /** Tells these counts from all others of the same run. */
  UUID id() {
    return id;
  }

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
