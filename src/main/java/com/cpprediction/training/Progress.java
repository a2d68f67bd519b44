package com.cpprediction.training;

/** Told how far long work is; called from several threads. */
public interface Progress {
  /** Steps of a part whose end is not known. */
  int UNKNOWN = -1;

  /** Says nothing to anybody. */
  Progress NONE =
      new Progress() {
        @Override
        public void begin(String what, int steps) {}

        @Override
        public void step(int count) {}
      };

  /**
   * A new part of the work begins and the one before is done.
   *
   * @param steps how many there will be, or {@link #UNKNOWN}
   */
  void begin(String what, int steps);

  /** So many more of the part's steps are done. */
  void step(int count);
}
