package com.cpprediction.training;

import java.util.Arrays;

/**
 * Counts long keys that come in any order: a buffer that is sorted into the counts whenever it is
 * full. Counts saturate. Above a bound of distinct keys, those with the lowest counts are dropped,
 * as in lossy counting (Manku, Motwani 2002).
 */
final class PairCounts {
  private static final int BUFFER = 1 << 20;

  private final int bound;
  private long[] buffer = new long[1 << 12];
  private int buffered;
  private long[] keys = {};
  private int[] counts = {};
  private boolean dropped;

  /**
   * @param bound distinct keys that are held
   */
  PairCounts(int bound) {
    this.bound = bound;
  }

  void add(long key) {
    if (buffered == buffer.length) {
      if (buffered < BUFFER) buffer = Arrays.copyOf(buffer, 2 * buffered);
      else settle();
    }
    buffer[buffered++] = key;
  }

  /** Adds counts to those there are. */
  void add(long[] ascending, int[] more) {
    settle();
    merge(ascending, more, ascending.length);
  }

  /** Takes counts from those there are; keys whose count falls to zero are gone. */
  void subtract(long[] ascending, int[] less) {
    settle();
    int kept = 0;
    int at = 0;
    for (int i = 0; i < keys.length; i++) {
      while (at < ascending.length && ascending[at] < keys[i]) at++;
      boolean found = at < ascending.length && ascending[at] == keys[i];
      int rest = found ? counts[i] - less[at] : counts[i];
      if (rest <= 0) continue;
      keys[kept] = keys[i];
      counts[kept++] = rest;
    }
    keys = Arrays.copyOf(keys, kept);
    counts = Arrays.copyOf(counts, kept);
  }

  /** The distinct keys, ascending. */
  long[] keys() {
    settle();
    return keys;
  }

  /** The counts by key. */
  int[] counts() {
    settle();
    return counts;
  }

  /** Whether keys were dropped. */
  boolean dropped() {
    return dropped;
  }

  private void settle() {
    if (buffered == 0) return;
    Arrays.sort(buffer, 0, buffered);
    var distinct = new long[buffered];
    var times = new int[buffered];
    int size = 0;
    for (int i = 0; i < buffered; i++) {
      if (size > 0 && distinct[size - 1] == buffer[i]) {
        times[size - 1]++;
      } else {
        distinct[size] = buffer[i];
        times[size++] = 1;
      }
    }
    buffered = 0;
    merge(distinct, times, size);
  }

  private void merge(long[] more, int[] times, int size) {
    var all = new long[keys.length + size];
    var sums = new int[all.length];
    int a = 0;
    int b = 0;
    int at = 0;
    while (a < keys.length || b < size) {
      boolean first = b == size || a < keys.length && keys[a] <= more[b];
      boolean second = a == keys.length || b < size && more[b] <= keys[a];
      all[at] = first ? keys[a] : more[b];
      long sum = (first ? counts[a++] : 0L) + (second ? times[b++] : 0L);
      sums[at++] = (int) Math.min(sum, Integer.MAX_VALUE);
    }
    for (int least = 2; at > bound; least++) {
      int kept = 0;
      for (int i = 0; i < at; i++) {
        if (sums[i] < least) continue;
        all[kept] = all[i];
        sums[kept++] = sums[i];
      }
      at = kept;
      dropped = true;
    }
    keys = Arrays.copyOf(all, at);
    counts = Arrays.copyOf(sums, at);
  }
}
