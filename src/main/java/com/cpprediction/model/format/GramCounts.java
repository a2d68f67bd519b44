package com.cpprediction.model.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * Looks up how often each n-gram occurs at each of a number of places: the addresses of CPs, or the
 * names of offices. Buckets by the upper bits of the fingerprint; entries of eight bytes; lists of
 * places with a count each. An n-gram that occurs once has its place in its entry and no list.
 * Reads a mapping; all references are checked on construction. Thread-safe.
 */
public final class GramCounts {
  /** Maximum number of places. */
  public static final int MAX_PLACES = 1 << 16;

  /** Maximum bytes of all lists, a limit of the entries. */
  public static final int MAX_LISTS = 1 << 24;

  private static final int ENTRY = Long.BYTES;
  private static final int MASK = 0xffffff;
  private static final int START_SHIFT = 24;
  private static final int TOTAL_SHIFT = 48;
  private static final int WEIGHT_SHIFT = 56;
  private static final int GRAMS_PER_BUCKET = 4;

  /** The entries have the lower 24 bits of a fingerprint: its bucket must tell the upper eight. */
  private static final int LEAST_BUCKETS = 1 << Byte.SIZE;

  private static final int LONG_LIST = 0xff; // the length follows in two bytes
  private static final int NARROW = 1 << 8; // up to this many places take one byte each

  private final IntBuffer buckets;
  private final ByteBuffer entries;
  private final ByteBuffer lists;
  private final int shift;
  private final int width; // bytes of a place

  /**
   * @param name for error messages
   * @param places number of places
   * @throws ModelException when a reference is out of bounds
   */
  GramCounts(String name, IntBuffer buckets, ByteBuffer entries, ByteBuffer lists, int places) {
    this.buckets = buckets;
    this.entries = entries;
    this.lists = lists;
    width = width(places);
    shift = Integer.SIZE - Integer.numberOfTrailingZeros(buckets.limit() - 1);
    if (!isDirectory()) throw new ModelException("the table of " + name + " points outside itself");
    int end = 0;
    for (int gram = 0; gram < size(); gram++) {
      if (isSingle(gram)) {
        if (start(gram) < places) continue;
        throw new ModelException("the table of " + name + " has a place that is none");
      }
      end = endOfList(name, gram, end, places);
    }
    if (end != lists.limit()) {
      throw new ModelException("the table of " + name + " has lists of no n-gram");
    }
  }

  private boolean isDirectory() {
    if (entries.limit() % ENTRY != 0 || buckets.limit() <= LEAST_BUCKETS) return false;
    if (Integer.bitCount(buckets.limit() - 1) != 1) return false;
    if (buckets.get(0) != 0 || buckets.get(buckets.limit() - 1) != size()) return false;
    for (int i = 1; i < buckets.limit(); i++) if (buckets.get(i) < buckets.get(i - 1)) return false;
    return true;
  }

  private int endOfList(String name, int gram, int start, int places) {
    boolean inside = start(gram) == start && start < lists.limit();
    inside = inside && (unsigned(start) != LONG_LIST || start + 2 < lists.limit());
    if (!inside) throw new ModelException("the table of " + name + " points outside itself");
    int length = length(gram);
    int first = first(gram);
    long end = first + (width + 1L) * length;
    if (length == 0 || end > lists.limit()) {
      throw new ModelException("the table of " + name + " points outside itself");
    }
    for (int i = 0; i < length; i++) {
      boolean ascends = i == 0 || place(first, i - 1) < place(first, i);
      if (!ascends || place(first, i) >= places) {
        throw new ModelException("the table of " + name + " has a place that is none");
      }
    }
    return (int) end;
  }

  private static int width(int places) {
    return places <= NARROW ? 1 : 2;
  }

  /**
   * Bytes of the list of an n-gram at most: one that occurs once has none.
   *
   * @param length number of its places
   * @param places of all n-grams
   */
  public static int listBytes(int length, int places) {
    return 3 + (width(places) + 1) * length;
  }

  /** Number of n-grams. */
  public int size() {
    return entries.limit() / ENTRY;
  }

  /**
   * @return index of the n-gram with {@code fingerprint}, or -1
   */
  public int find(int fingerprint) {
    int bucket = fingerprint >>> shift;
    int low = fingerprint & MASK;
    int end = buckets.get(bucket + 1);
    for (int i = buckets.get(bucket); i < end; i++) {
      if ((entries.getInt(i * ENTRY) & MASK) == low) return i;
    }
    return -1;
  }

  /** The n-grams of a text in a table, by their index in the text. Reusable, one per thread. */
  static final class Found {
    private int[] all = {}; // 0, 1, 2 and so on
    private int[] grams = {}; // indexes in the table, or -1
    private long[] entries = {};
    private int[] heads = {}; // first bytes of the lists

    private void resize(int size) {
      if (grams.length >= size) return;
      all = new int[2 * size];
      for (int i = 0; i < all.length; i++) all[i] = i;
      grams = new int[2 * size];
      entries = new long[2 * size];
      heads = new int[2 * size];
    }

    /** Index in the table of n-gram {@code i} of the text, or -1. */
    int gram(int i) {
      return grams[i];
    }

    /** Occurrences at all places of n-gram {@code i}, which is in the table. */
    int total(int i) {
      return GramCounts.total(entries[i]);
    }

    /** The weight stored with n-gram {@code i}, which is in the table. */
    int weight(int i) {
      return GramCounts.weight(entries[i]);
    }
  }

  /**
   * Looks up all n-grams of a text. The bucket, the entry and the list of an n-gram are usually in
   * no cache of the processor, and each is where the one before says. Read in a loop for all
   * n-grams each, they are waited for together: the features of an address take 46 µs so, not 64
   * (12,000 addresses of all prefixes in turns, 2026-11-29).
   */
  void find(Grams text, Found found) {
    found.resize(text.size());
    find(text, found.all, text.size(), found);
  }

  /**
   * As {@link #find(Grams, Found)}, of some n-grams; the others are not found.
   *
   * @param asked their indexes in the text
   * @param count of them
   */
  void find(Grams text, int[] asked, int count, Found found) {
    found.resize(text.size());
    Arrays.fill(found.grams, 0, text.size(), -1);
    int last = size() - 1;
    if (last < 0) return;
    for (int k = 0; k < count; k++) {
      int i = asked[k];
      found.grams[i] = buckets.get(text.fingerprint(i) >>> shift);
    }
    for (int k = 0; k < count; k++) {
      int i = asked[k];
      found.entries[i] = entry(Math.min(found.grams[i], last));
    }
    for (int k = 0; k < count; k++) search(text.fingerprint(asked[k]), asked[k], found);
    for (int k = 0; k < count; k++) {
      int i = asked[k];
      if (found.grams[i] < 0 || isSingle(found.entries[i])) continue;
      found.heads[i] = unsigned(start(found.entries[i]));
    }
  }

  /** Looks n-gram {@code i} up in its bucket, whose first entry was read. */
  private void search(int fingerprint, int i, Found found) {
    int low = fingerprint & MASK;
    int at = found.grams[i];
    int end = buckets.get((fingerprint >>> shift) + 1);
    found.grams[i] = -1;
    for (long entry = found.entries[i]; at < end; entry = entry(at)) {
      if (((int) entry & MASK) == low) {
        found.grams[i] = at;
        found.entries[i] = entry;
        return;
      }
      if (++at == end) return;
    }
  }

  private long entry(int gram) {
    return entries.getLong(gram * ENTRY);
  }

  /** Occurrences of n-gram {@code gram} at all places, 1..32,768. */
  public int total(int gram) {
    return total(entry(gram));
  }

  private static int total(long entry) {
    return Levels.count((byte) (entry >>> TOTAL_SHIFT));
  }

  /** The weight stored with n-gram {@code gram}, 0..255. */
  int weight(int gram) {
    return weight(entry(gram));
  }

  private static int weight(long entry) {
    return (int) (entry >>> WEIGHT_SHIFT);
  }

  /** Whether n-gram {@code gram} occurs once; its place is {@link #start} then. */
  boolean isSingle(int gram) {
    return isSingle(entry(gram));
  }

  private static boolean isSingle(long entry) {
    return (entry >>> TOTAL_SHIFT & 0xff) == 0;
  }

  private int start(int gram) {
    return start(entry(gram));
  }

  private static int start(long entry) {
    return (int) (entry >>> START_SHIFT) & MASK;
  }

  /** Number of places of an n-gram that has a list. */
  private int length(int gram) {
    int start = start(gram);
    return length(start, unsigned(start));
  }

  /** Number of places of the list at {@code start}, whose first byte is {@code head}. */
  private int length(int start, int head) {
    return head < LONG_LIST ? head : Short.toUnsignedInt(lists.getShort(start + 1));
  }

  /** Start of the places of an n-gram that has a list. */
  private int first(int gram) {
    int start = start(gram);
    return first(start, unsigned(start));
  }

  private static int first(int start, int head) {
    return head < LONG_LIST ? start + 1 : start + 3;
  }

  /** Place {@code i} of the list that starts at {@code first}. */
  private int place(int first, int i) {
    return width == 1 ? unsigned(first + i) : Short.toUnsignedInt(lists.getShort(first + 2 * i));
  }

  /** Count {@code i} of the list of {@code length} places that starts at {@code first}. */
  private int count(int first, int length, int i) {
    return Levels.count(lists.get(first + width * length + i));
  }

  private int unsigned(int at) {
    return Byte.toUnsignedInt(lists.get(at));
  }

  /** The places of an n-gram with their counts, copied out of a table. Reusable, one per thread. */
  static final class Postings {
    int[] places = new int[NARROW];
    int[] counts = new int[NARROW];
    private byte[] bytes = new byte[2 * NARROW];
    int size;

    private void resize(int length, int width) {
      size = length;
      if (places.length < length) {
        places = new int[2 * length];
        counts = new int[2 * length];
      }
      if (bytes.length < (width + 1) * length) bytes = new byte[2 * (width + 1) * length];
    }
  }

  /** Copies the places of n-gram {@code i} of a text, ascending, to {@code out}. */
  void read(Found found, int i, Postings out) {
    long entry = found.entries[i];
    if (isSingle(entry)) {
      out.size = 1;
      out.places[0] = start(entry);
      out.counts[0] = 1;
      return;
    }
    int start = start(entry);
    int head = found.heads[i];
    int length = length(start, head);
    out.resize(length, width);
    var bytes = out.bytes;
    lists.get(first(start, head), bytes, 0, (width + 1) * length);
    for (int k = 0; k < length; k++) {
      out.places[k] =
          width == 1
              ? Byte.toUnsignedInt(bytes[k])
              : Byte.toUnsignedInt(bytes[2 * k])
                  | Byte.toUnsignedInt(bytes[2 * k + 1]) << Byte.SIZE;
      out.counts[k] = Levels.count(bytes[width * length + k]);
    }
  }

  /** Receives the count of an n-gram at a place. */
  public interface Counted {
    void accept(int place, int count);
  }

  /** Passes each place of n-gram {@code gram}, ascending, to {@code counted}. */
  public void forEach(int gram, Counted counted) {
    if (isSingle(gram)) {
      counted.accept(start(gram), 1);
      return;
    }
    int first = first(gram);
    int length = length(gram);
    for (int i = 0; i < length; i++) counted.accept(place(first, i), count(first, length, i));
  }

  /** The count of n-gram {@code gram} at a place, 0 where it does not occur. */
  public int count(int gram, int place) {
    if (isSingle(gram)) return start(gram) == place ? 1 : 0;
    int first = first(gram);
    int length = length(gram);
    int i = 0;
    while (i < length && place(first, i) < place) i++;
    return i < length && place(first, i) == place ? count(first, length, i) : 0;
  }

  /** Fingerprint of n-gram {@code gram}, whose lower 24 bits the entry has. */
  public int fingerprint(int gram) {
    int low = 0;
    int high = buckets.limit() - 2;
    while (low < high) { // the last bucket that starts at or before the n-gram
      int middle = (low + high + 1) >>> 1;
      if (buckets.get(middle) <= gram) low = middle;
      else high = middle - 1;
    }
    return (low << shift) & ~MASK | entries.getInt(gram * ENTRY) & MASK;
  }

  /** Passes the fingerprint of each n-gram, ascending. */
  void forEachFingerprint(IntConsumer fingerprints) {
    for (int bucket = 0; bucket < buckets.limit() - 1; bucket++) {
      for (int i = buckets.get(bucket); i < buckets.get(bucket + 1); i++) {
        fingerprints.accept((bucket << shift) & ~MASK | entries.getInt(i * ENTRY) & MASK);
      }
    }
  }

  /**
   * Writes a table; n-grams must be added in unsigned order of their fingerprints, each place in
   * ascending order.
   */
  public static final class Writer {
    private final int[] buckets;
    private final ByteBuffer entries;
    private final int shift;
    private final int width;
    private byte[] lists = new byte[1024];
    private int end;

    /**
     * @param size number of n-grams
     */
    public Writer(int size, int places) {
      int perBucket = Math.max(LEAST_BUCKETS, size / GRAMS_PER_BUCKET);
      buckets = new int[Integer.highestOneBit(perBucket) + 1];
      shift = Integer.SIZE - Integer.numberOfTrailingZeros(buckets.length - 1);
      width = width(places);
      entries = ByteBuffer.allocate(size * ENTRY).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * @param total occurrences at all places
     * @param weight 0..255
     * @param length how many of {@code places} and {@code counts} are used, 1..65,535
     */
    public void add(
        int fingerprint, int total, int weight, int[] places, int[] counts, int length) {
      buckets[(fingerprint >>> shift) + 1]++;
      boolean single = total == 1;
      long start = single ? places[0] : end;
      if (start > MASK) throw new ModelException("the lists of a table are too long");
      entries.putLong(
          fingerprint & MASK
              | start << START_SHIFT
              | Byte.toUnsignedLong(Levels.of(total)) << TOTAL_SHIFT
              | (long) weight << WEIGHT_SHIFT);
      if (single) return;
      if (length < LONG_LIST) {
        put(length);
      } else {
        put(LONG_LIST);
        putShort(length);
      }
      for (int i = 0; i < length; i++) {
        if (width == 1) put(places[i]);
        else putShort(places[i]);
      }
      for (int i = 0; i < length; i++) put(Levels.of(counts[i]));
    }

    private void putShort(int value) {
      put(value);
      put(value >>> Byte.SIZE);
    }

    private void put(int value) {
      if (end == lists.length) lists = Arrays.copyOf(lists, 2 * end);
      lists[end++] = (byte) value;
    }

    /** Writes the three sections; must be called last. */
    public void putInto(
        ModelFile.Writer file,
        ModelFile.Section bucket,
        ModelFile.Section entry,
        ModelFile.Section list) {
      for (int i = 1; i < buckets.length; i++) buckets[i] += buckets[i - 1];
      file.putInts(bucket, buckets)
          .putBytes(entry, entries.array())
          .putBytes(list, Arrays.copyOf(lists, end));
    }
  }
}
