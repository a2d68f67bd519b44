package com.cpprediction.persistence;

import java.util.UUID;

/**
 * Maps about the last {@value #CAPACITY} prediction ids to a digest of their shipments, to detect a
 * reused id. An 8-way set-associative cache in 3 MiB, which evicts the oldest id of a set.
 * Thread-safe.
 */
final class RecentIds {
  static final int CAPACITY = 1 << 17;

  private static final int WAYS = 8;
  private static final int SLOT = 3; // id, digest
  private static final long GOLDEN = 0x9E3779B97F4A7C15L; // 2^64 over the golden ratio, Knuth 6.4
  private static final int SETS = CAPACITY / WAYS;
  private static final int SET_BITS = Integer.numberOfTrailingZeros(SETS);

  private final long[] slots = new long[CAPACITY * SLOT];
  private final byte[] oldest = new byte[SETS];

  /**
   * Registers {@code id} for {@code digest}.
   *
   * @return false when the id is registered for another digest
   */
  synchronized boolean claim(UUID id, long digest) {
    long high = id.getMostSignificantBits();
    long low = id.getLeastSignificantBits();
    int set = (int) ((high ^ Long.rotateLeft(low, Integer.SIZE)) * GOLDEN >>> Long.SIZE - SET_BITS);
    int first = set * WAYS;
    for (int i = first; i < first + WAYS; i++) {
      int at = i * SLOT;
      if (slots[at] == high && slots[at + 1] == low) return slots[at + 2] == digest;
    }
    int at = (first + oldest[set]) * SLOT;
    oldest[set] = (byte) ((oldest[set] + 1) % WAYS);
    slots[at] = high;
    slots[at + 1] = low;
    slots[at + 2] = digest;
    return true;
  }
}
