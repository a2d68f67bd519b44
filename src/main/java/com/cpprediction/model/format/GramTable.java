package com.cpprediction.model.format;

import com.cpprediction.model.format.ModelFile.Section;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Inverted index from n-grams to rows, in byte-coded blocks. Reads a mapping; thread-safe. */
public final class GramTable {
  /** Maximum number of rows: 7 upper and 8 lower bits. */
  public static final int MAX_ROWS = 1 << 15;

  private static final int REPEATED = 0x80;
  private static final int BLOCK = 1 << 8;
  private static final int HEADER = 2;

  private final GramDirectory directory;
  private final ByteBuffer postings;

  /** Receives a row of an n-gram. */
  public interface Row {
    void accept(int row, boolean repeated);
  }

  /**
   * @param name for error messages
   * @param rows number of rows in the index
   * @throws ModelException when a reference is out of bounds
   */
  GramTable(String name, IntBuffer buckets, ByteBuffer entries, ByteBuffer postings, int rows) {
    directory = new GramDirectory(name, buckets, entries, postings.limit());
    this.postings = postings;
    for (int i = 0; i < directory.size(); i++) {
      if (!isList(start(i), start(i + 1), rows)) {
        throw new ModelException("the table of " + name + " names rows there are not");
      }
    }
  }

  private boolean isList(int start, int end, int rows) {
    int at = start;
    while (at < end) {
      if (end - at <= HEADER) return false;
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
   * @return index of the n-gram with {@code fingerprint}, or -1
   */
  public int find(int fingerprint) {
    return directory.find(fingerprint);
  }

  /** Number of rows with n-gram {@code i}. */
  public int rows(int i) {
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
   * Adds {@code once} to the sums of rows that contain n-gram {@code i} once, {@code more} to those
   * that contain it repeatedly.
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

  /** Increments the counts of the rows with n-gram {@code i}. */
  void count(int i, int[] counts) {
    int end = start(i + 1);
    for (int at = start(i); at < end; ) {
      int base = base(at);
      int last = at + HEADER + count(at);
      for (at += HEADER; at < last; at++) counts[base + low(at)]++;
    }
  }

  /** Passes each row with n-gram {@code i} to {@code row}. */
  public void forEach(int i, Row row) {
    int end = start(i + 1);
    for (int at = start(i); at < end; ) {
      int base = base(at);
      boolean repeated = postings.get(at) < 0;
      int last = at + HEADER + count(at);
      for (at += HEADER; at < last; at++) row.accept(base + low(at), repeated);
    }
  }

  private int start(int i) {
    return directory.start(i);
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
     * @param once rows that contain the n-gram once, ascending
     * @param more rows that contain it repeatedly, ascending
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

    /** Writes the table into three sections. */
    public void putInto(ModelFile.Writer file, Section bucket, Section entry, Section posting) {
      var directory = new GramDirectory.Writer(lists.size());
      var postings = new ByteArrayOutputStream();
      lists.forEach(
          (fingerprint, list) -> {
            directory.add(fingerprint, postings.size());
            postings.writeBytes(list);
          });
      directory.end(postings.size());
      file.putInts(bucket, directory.buckets())
          .putBytes(entry, directory.entries())
          .putBytes(posting, postings.toByteArray());
    }
  }
}
