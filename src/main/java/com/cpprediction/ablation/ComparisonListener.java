package com.cpprediction.ablation;

/** Notified of the progress of a comparison, on the thread that runs it. */
public interface ComparisonListener {
  /** A long step begins, such as {@code starting PostgreSQL}. */
  void started(String step);

  /**
   * A run has ended.
   *
   * @param done number of ended runs
   * @param of number of planned runs
   * @param line summary of the run
   * @param secondsLeft estimate for the remaining runs
   */
  void measured(int done, int of, String line, long secondsLeft);
}
