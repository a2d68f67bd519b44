package com.cpprediction.serving;

import com.cpprediction.prediction.Prediction;

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
        public void compare(Prediction sent, String release, boolean busy) {}
      };

  /** Whether there is a shadow release now. */
  boolean present();

  /**
   * Queues a prediction to be compared, or sheds it; never waits.
   *
   * @param release that made it
   * @param busy whether the node has no time to spare
   */
  void compare(Prediction sent, String release, boolean busy);
}
