package com.cpprediction.loadtest;

import java.util.Arrays;

/** Zipf's law with exponent 1: rank n occurs 1/n times as often as rank 1. */
public final class Zipf {
  private final double[] cumulative; // probability up to each rank

  /**
   * @param ranks number of ranks, at least 1
   */
  public Zipf(int ranks) {
    cumulative = new double[ranks];
    double sum = 0;
    for (int i = 0; i < ranks; i++) cumulative[i] = sum += 1.0 / (i + 1);
    for (int i = 0; i < ranks; i++) cumulative[i] /= sum;
  }

  /**
   * The rank, from 0, at a cumulative probability.
   *
   * @param share uniformly distributed over 0..1
   */
  public int rank(double share) {
    int found = Arrays.binarySearch(cumulative, share);
    return Math.min(found < 0 ? -found - 1 : found, cumulative.length - 1);
  }
}
