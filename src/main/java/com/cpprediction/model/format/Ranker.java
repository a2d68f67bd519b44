package com.cpprediction.model.format;

/** Scores candidates from their features: the seam between the engines that can do it. */
public interface Ranker extends AutoCloseable {
  /**
   * @param features {@code rows} rows of {@link Features#COUNT} columns; more may follow and are
   *     ignored
   * @param scores out, one per row, higher is better; more may follow and are left alone
   */
  void score(float[] features, int rows, float[] scores);

  @Override
  void close();
}
