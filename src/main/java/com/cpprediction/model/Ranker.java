package com.cpprediction.model;

/** Scores candidates from their features: the seam between the engines that can do it. */
public interface Ranker extends AutoCloseable {
  /**
   * @param features {@code rows} rows of {@link Features#COUNT} columns; more may follow and are
   *     ignored
   * @return one score per row, higher is better
   */
  float[] score(float[] features, int rows);

  @Override
  void close();
}
