package com.cpprediction.model;

import java.nio.IntBuffer;
import java.nio.ShortBuffer;

/**
 * Finds the list of an n-gram: fingerprints in ascending order, a directory by their upper bits,
 * and the lists. Reads a mapping; thread-safe.
 */
final class GramTable {
  private final IntBuffer buckets;
  private final IntBuffer fingerprints;
  private final IntBuffer lists;
  private final ShortBuffer postings;
  private final int shift;

  GramTable(IntBuffer buckets, IntBuffer fingerprints, IntBuffer lists, ShortBuffer postings) {
    this.buckets = buckets;
    this.fingerprints = fingerprints;
    this.lists = lists;
    this.postings = postings;
    this.shift = Integer.SIZE - Integer.numberOfTrailingZeros(buckets.limit() - 1);
  }

  /**
   * @return where the list of {@code fingerprint} starts, or -1 when the table doesn't have it
   */
  int find(int fingerprint) {
    int bucket = shift == Integer.SIZE ? 0 : fingerprint >>> shift;
    int end = buckets.get(bucket + 1);
    for (int i = buckets.get(bucket); i < end; i++) {
      if (fingerprints.get(i) == fingerprint) return i;
    }
    return -1;
  }

  /** Where the rows of n-gram {@code i} start in {@link #row}. */
  int start(int i) {
    return lists.get(i) + 1;
  }

  /** Where those rows end that hold it once; the others follow. */
  int endOnce(int i) {
    int list = lists.get(i);
    return list + 1 + Short.toUnsignedInt(postings.get(list));
  }

  /** Where the rows of n-gram {@code i} end. */
  int end(int i) {
    return lists.get(i + 1);
  }

  int row(int posting) {
    return Short.toUnsignedInt(postings.get(posting));
  }
}
