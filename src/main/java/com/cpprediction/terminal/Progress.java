package com.cpprediction.terminal;

/** Progress of a long task. Called on several threads. */
public interface Progress {
  /** An unknown number of steps. */
  int UNKNOWN = -1;

  /** Shows nothing. */
  Progress NONE =
      new Progress() {
        @Override
        public void begin(String what, int steps) {}

        @Override
        public void step(int count) {}
      };

  /**
   * Begins a part of the task; the previous part has ended.
   *
   * @param steps number of steps of the part, or {@link #UNKNOWN}
   */
  void begin(String what, int steps);

  /** Adds {@code count} completed steps of the part. */
  void step(int count);

  /** Shows a text beside the steps of the part, such as its rate. */
  default void note(String text) {}
}
