package com.cpprediction.model.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;

/**
 * Looks up n-grams by fingerprint: buckets by its upper bits, and entries of six bytes with its
 * lower 24 bits and the start of its list. Reads a mapping; thread-safe.
 */
public final class GramDirectory {
  private static final int ENTRY = 6;
  private static final int PADDING = Long.BYTES - ENTRY; // entries are read as eight bytes
  private static final int MASK = 0xffffff;
  private static final int GRAMS_PER_BUCKET = 4;

  private final IntBuffer buckets;
  private final ByteBuffer entries;
  private final int size;
  private final int shift;

  /**
   * @param name for error messages
   * @param end of the last list
   * @throws ModelException when a reference is out of bounds
   */
  GramDirectory(String name, IntBuffer buckets, ByteBuffer entries, int end) {
    this.buckets = buckets;
    this.entries = entries;
    size = (entries.limit() - PADDING) / ENTRY - 1;
    shift = Integer.SIZE - Integer.numberOfTrailingZeros(buckets.limit() - 1);
    if (!isWhole(end)) throw new ModelException("the table of " + name + " points outside itself");
  }

  private boolean isWhole(int end) {
    if (size < 0 || entries.limit() != bytes(size)) return false;
    if (buckets.limit() < 2 || Integer.bitCount(buckets.limit() - 1) != 1) return false;
    if (buckets.get(0) != 0 || buckets.get(buckets.limit() - 1) != size) return false;
    for (int i = 1; i < buckets.limit(); i++) if (buckets.get(i) < buckets.get(i - 1)) return false;
    for (int i = 0; i < size; i++) if (start(i) > start(i + 1)) return false;
    return start(0) == 0 && start(size) == end;
  }

  /** Size in bytes of {@code size} entries. */
  static long bytes(int size) {
    return (size + 1L) * ENTRY + PADDING;
  }

  /** Number of n-grams. */
  int size() {
    return size;
  }

  /**
   * @return index of the n-gram with {@code fingerprint}, or -1
   */
  int find(int fingerprint) {
    int bucket = shift == Integer.SIZE ? 0 : fingerprint >>> shift;
    int low = fingerprint & MASK;
    int end = buckets.get(bucket + 1);
    for (int i = buckets.get(bucket); i < end; i++) {
      if ((entries.getInt(i * ENTRY) & MASK) == low) return i;
    }
    return -1;
  }

  /** Start of the list of n-gram {@code i}, which is the end of the previous list. */
  int start(int i) {
    return (int) (entries.getLong(i * ENTRY) >>> 24) & MASK;
  }

  /** Writes buckets and entries; n-grams must be added in unsigned order of their fingerprints. */
  static final class Writer {
    private final int[] buckets;
    private final ByteBuffer entries;
    private final int shift;

    Writer(int size) {
      int perBucket = Math.max(1, size / GRAMS_PER_BUCKET);
      buckets = new int[Integer.highestOneBit(perBucket) + 1];
      shift = Integer.SIZE - Integer.numberOfTrailingZeros(buckets.length - 1);
      entries = ByteBuffer.allocate((int) bytes(size)).order(ByteOrder.LITTLE_ENDIAN);
    }

    void add(int fingerprint, int start) {
      buckets[(shift == Integer.SIZE ? 0 : fingerprint >>> shift) + 1]++;
      put(fingerprint, start);
    }

    /** Must be called last. */
    void end(int end) {
      put(0, end);
      for (int i = 1; i < buckets.length; i++) buckets[i] += buckets[i - 1];
    }

    private void put(int fingerprint, int start) {
      if (start > MASK) throw new ModelException("the lists of a table are too long");
      entries.putShort((short) fingerprint).put((byte) (fingerprint >> Short.SIZE));
      entries.putShort((short) start).put((byte) (start >> Short.SIZE));
    }

    int[] buckets() {
      return buckets;
    }

    byte[] entries() {
      return entries.array();
    }
  }
}
