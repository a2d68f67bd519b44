package com.cpprediction.training;

/** Notified of the progress of long work, on several threads. */
public interface Progress {
  /** Unknown number of steps. */
  int UNKNOWN = -1;

  /** Ignores all calls. */
  Progress NONE =
      new Progress() {
        @Override
        public void begin(String what, int steps) {}

        @Override
        public void step(int count) {}
      };

  /**
   * A part of the work begins; the previous one has ended.
   *
   * @param steps of the part, or {@link #UNKNOWN}
   */
  void begin(String what, int steps);

  /** Further steps of the part have ended. */
  void step(int count);
}
