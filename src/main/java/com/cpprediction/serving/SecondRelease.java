package com.cpprediction.serving;

import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Prediction;
import org.jspecify.annotations.Nullable;

/**
 * The shadow release of this node, beside the one that serves. Thread-safe, and fast enough to ask
 * for every prediction.
 */
public interface SecondRelease {
  /** There is none. */
  SecondRelease NONE =
      new SecondRelease() {
        @Override
        public boolean present() {
          return false;
        }

        @Override
        public void compare(Prediction sent, String release, boolean canary, boolean busy) {}

        @Override
        public @Nullable ServingRelease canary() {
          return null;
        }

        @Override
        public boolean serves(Address address) {
          return false;
        }

        @Override
        public void answered(boolean canary, boolean failed) {}
      };

  /** Whether there is a shadow release now. */
  boolean present();

  /**
   * Queues a prediction to be compared, or sheds it; never waits.
   *
   * @param release that made it
   * @param canary whether that is the shadow release
   * @param busy whether the node has no time to spare
   */
  void compare(Prediction sent, String release, boolean canary, boolean busy);

  /**
   * A lease on the shadow release, to serve {@linkplain #serves some addresses} with; null where it
   * serves none. To be closed by the caller.
   */
  @Nullable ServingRelease canary();

  /** Whether the shadow release serves {@code address} now. */
  boolean serves(Address address);

  /** Counts a shipment that was served, or failed, while the shadow release has a share. */
  void answered(boolean canary, boolean failed);
}
