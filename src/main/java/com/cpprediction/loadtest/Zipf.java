package com.cpprediction.loadtest;

import java.util.Arrays;

/** Zipf's law with exponent 1: the n-th most popular comes 1/n times as often as the first. */
public final class Zipf {
  private final double[] upTo; // share of all up to each rank

  /**
   * @param ranks how many there are, at least 1
   */
  public Zipf(int ranks) {
    upTo = new double[ranks];
    double sum = 0;
    for (int i = 0; i < ranks; i++) upTo[i] = sum += 1.0 / (i + 1);
    for (int i = 0; i < ranks; i++) upTo[i] /= sum;
  }

  /**
   * The rank, from 0, that {@code share} falls on.
   *
   * @param share evenly distributed over 0..1
   */
  public int rank(double share) {
    int found = Arrays.binarySearch(upTo, share);
    return Math.min(found < 0 ? -found - 1 : found, upTo.length - 1);
  }
}
