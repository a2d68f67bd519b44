package com.cpprediction.ablation;

/** Hears how far the comparison is. From the thread that runs it. */
public interface ComparisonListener {
  /** Something that takes a while begins, such as {@code starting PostgreSQL}. */
  void started(String step);

  /**
   * A run is over.
   *
   * @param done runs so far
   * @param of runs in all
   * @param line what it found
   * @param secondsLeft for the others, as far as one can tell
   */
  void measured(int done, int of, String line, long secondsLeft);
}
