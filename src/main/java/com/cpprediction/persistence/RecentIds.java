package com.cpprediction.persistence;

import java.util.UUID;

/**
 * Which shipments the last {@value #CAPACITY} or so prediction ids were for, in 3 MiB: rows are
 * many, and all that is asked of one is whether another has its id. To be used from one event loop.
 *
 * <p>An id has a place among the eight of its set, where it takes that of the oldest.
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
   * Takes {@code id} for what has {@code digest}, unless it is taken.
   *
   * @return false when it is taken for something else
   */
  boolean claim(UUID id, long digest) {
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
