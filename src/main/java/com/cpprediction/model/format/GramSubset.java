package com.cpprediction.model.format;

/**
 * Which n-grams of one table may be in another, as bits in the heap: most n-grams of a text are in
 * no name of an office, and to look them up there costs two reads past the processor's caches.
 * Immutable.
 */
final class GramSubset {
  private static final int OTHERS = 1 << 10; // bits, of which some sixty are set

  private final long[] known; // by index in the table
  private final long[] others = new long[OTHERS / Long.SIZE];

  /**
   * @param table in which the n-grams of texts were looked up
   * @param part table whose n-grams are the subset
   */
  GramSubset(GramCounts table, GramCounts part) {
    known = new long[table.size() / Long.SIZE + 1];
    part.forEachFingerprint(
        fingerprint -> {
          int gram = table.find(fingerprint);
          if (gram >= 0) set(known, gram);
          else set(others, other(fingerprint));
        });
  }

  /**
   * @param gram index in the table, or -1
   */
  boolean mayHave(int gram, int fingerprint) {
    return gram >= 0 ? isSet(known, gram) : isSet(others, other(fingerprint));
  }

  private static int other(int fingerprint) {
    return fingerprint & OTHERS - 1;
  }

  private static void set(long[] bits, int i) {
    bits[i / Long.SIZE] |= 1L << i;
  }

  private static boolean isSet(long[] bits, int i) {
    return (bits[i / Long.SIZE] >>> i & 1) != 0;
  }
}
