package com.cpprediction.model.format;

/** Scores candidates by their features; implemented by each engine. */
public interface Ranker extends AutoCloseable {
  /**
   * @param features {@code rows} rows of {@link Features#COUNT} columns; the rest is ignored
   * @param scores output, one per row, higher is better; the rest is unchanged
   */
  void score(float[] features, int rows, float[] scores);

  @Override
  void close();
}
