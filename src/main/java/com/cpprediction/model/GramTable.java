package com.cpprediction.model;

import com.cpprediction.model.ModelFile.Section;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Finds the rows that hold an n-gram: a directory by the upper bits of its fingerprint, entries
 * with the lower bits and where the rows are, and the rows in blocks. Reads a mapping; thread-safe.
 *
 * <p>A fingerprint is known by its bucket and its lower 24 bits.
 */
public final class GramTable {
  /** Rows at most: what the 7 upper and 8 lower bits of a block can name. */
  public static final int MAX_ROWS = 1 << 15;

  private static final int ENTRY = 6;
  private static final int PADDING = Long.BYTES - ENTRY; // an entry is read as eight bytes
  private static final int REPEATED = 0x80;
  private static final int BLOCK = 1 << 8;
  private static final int HEADER = 2;
  private static final int MASK = 0xffffff;
  private static final int GRAMS_PER_BUCKET = 4;

  private final IntBuffer buckets;
  private final ByteBuffer entries;
  private final ByteBuffer postings;
  private final int size;
  private final int shift;

  /** Takes one row of an n-gram. */
  interface Row {
    void accept(int row, boolean repeated);
  }

  /**
   * @param name of the table, for the message
   * @param rows that there are
   * @throws ModelException when anything points where it must not
   */
  GramTable(String name, IntBuffer buckets, ByteBuffer entries, ByteBuffer postings, int rows) {
    this.buckets = buckets;
    this.entries = entries;
    this.postings = postings;
    size = (entries.limit() - PADDING) / ENTRY - 1;
    shift = Integer.SIZE - Integer.numberOfTrailingZeros(buckets.limit() - 1);
    if (!isWhole(rows)) throw new ModelException("the table of " + name + " points outside itself");
  }

  private boolean isWhole(int rows) {
    if (size < 0 || entries.limit() != (size + 1) * ENTRY + PADDING) return false;
    if (buckets.limit() < 2 || Integer.bitCount(buckets.limit() - 1) != 1) return false;
    if (buckets.get(0) != 0 || buckets.get(buckets.limit() - 1) != size) return false;
    for (int i = 1; i < buckets.limit(); i++) if (buckets.get(i) < buckets.get(i - 1)) return false;
    if (start(0) != 0 || start(size) != postings.limit()) return false;
    for (int i = 0; i < size; i++) if (!isList(start(i), start(i + 1), rows)) return false;
    return true;
  }

  private boolean isList(int start, int end, int rows) {
    int at = start;
    while (at < end) {
      if (end - at <= HEADER || end > postings.limit()) return false;
      int base = base(at);
      int last = at + HEADER + count(at);
      if (last > end) return false;
      for (int i = at + HEADER; i < last; i++) {
        boolean ascends = i == at + HEADER || low(i) > low(i - 1);
        if (!ascends || base + low(i) >= rows) return false;
      }
      at = last;
    }
    return start < end;
  }

  /**
   * @return the n-gram with {@code fingerprint}, or -1 when the table doesn't have it
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

  /** How many rows hold n-gram {@code i}. */
  int rows(int i) {
    int end = start(i + 1);
    int rows = 0;
    for (int at = start(i); at < end; ) {
      int count = count(at);
      rows += count;
      at += HEADER + count;
    }
    return rows;
  }

  /**
   * Adds {@code once} to the sums of the rows that hold n-gram {@code i} once, {@code more} to
   * those that hold it more often.
   */
  void add(int i, float once, float more, float[] sums) {
    int end = start(i + 1);
    for (int at = start(i); at < end; ) {
      int base = base(at);
      float weight = postings.get(at) < 0 ? more : once;
      int last = at + HEADER + count(at);
      for (at += HEADER; at < last; at++) sums[base + low(at)] += weight;
    }
  }

  /** Adds one to the counts of the rows that hold n-gram {@code i}. */
  void count(int i, int[] counts) {
    int end = start(i + 1);
    for (int at = start(i); at < end; ) {
      int base = base(at);
      int last = at + HEADER + count(at);
      for (at += HEADER; at < last; at++) counts[base + low(at)]++;
    }
  }

  /** Names the rows that hold n-gram {@code i}. */
  void forEach(int i, Row row) {
    int end = start(i + 1);
    for (int at = start(i); at < end; ) {
      int base = base(at);
      boolean repeated = postings.get(at) < 0;
      int last = at + HEADER + count(at);
      for (at += HEADER; at < last; at++) row.accept(base + low(at), repeated);
    }
  }

  private int start(int i) {
    return (int) (entries.getLong(i * ENTRY) >>> 24) & MASK;
  }

  private int base(int block) {
    return (postings.get(block) & ~REPEATED & 0xff) * BLOCK;
  }

  private int count(int block) {
    return Byte.toUnsignedInt(postings.get(block + 1)) + 1;
  }

  private int low(int posting) {
    return Byte.toUnsignedInt(postings.get(posting));
  }

  /** Collects n-grams with their rows and writes the three sections of a table. */
  public static final class Writer {
    private final SortedMap<Integer, byte[]> lists = new TreeMap<>(Integer::compareUnsigned);

    /**
     * @param once rows that hold the n-gram once, ascending
     * @param more rows that hold it more often, ascending
     */
    public void add(int fingerprint, List<Integer> once, List<Integer> more) {
      var list = new ByteArrayOutputStream();
      addBlocks(list, once, 0);
      addBlocks(list, more, REPEATED);
      lists.put(fingerprint, list.toByteArray());
    }

    private static void addBlocks(ByteArrayOutputStream list, List<Integer> rows, int flag) {
      for (int start = 0, end; start < rows.size(); start = end) {
        int upper = rows.get(start) / BLOCK;
        end = start + 1;
        while (end < rows.size() && rows.get(end) / BLOCK == upper) end++;
        list.write(upper | flag);
        list.write(end - start - 1);
        for (int row : rows.subList(start, end)) list.write(row);
      }
    }

    /** Puts the table into three sections. */
    public void putInto(ModelFile.Writer file, Section bucket, Section entry, Section posting) {
      int perBucket = Math.max(1, lists.size() / GRAMS_PER_BUCKET);
      var starts = new int[Integer.highestOneBit(perBucket) + 1];
      int shift = Integer.SIZE - Integer.numberOfTrailingZeros(starts.length - 1);
      var entries = ByteBuffer.allocate((lists.size() + 1) * ENTRY + PADDING);
      entries.order(ByteOrder.LITTLE_ENDIAN);
      var postings = new ByteArrayOutputStream();
      lists.forEach(
          (fingerprint, list) -> {
            starts[(shift == Integer.SIZE ? 0 : fingerprint >>> shift) + 1]++;
            put(entries, fingerprint, postings.size());
            postings.writeBytes(list);
          });
      put(entries, 0, postings.size());
      for (int i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
      file.putInts(bucket, starts)
          .putBytes(entry, entries.array())
          .putBytes(posting, postings.toByteArray());
    }

    private static void put(ByteBuffer entries, int fingerprint, int start) {
      if (start > MASK) throw new ModelException("the rows of a table take over 16 MB");
      entries.putShort((short) fingerprint).put((byte) (fingerprint >> Short.SIZE));
      entries.putShort((short) start).put((byte) (start >> Short.SIZE));
    }
  }
}
