package com.cpprediction.model.format;

import java.util.Arrays;

/**
 * The share of one place in the counts of a prefix: subtracted from the features of its own
 * training addresses, and where it has pincodes from their shares, which then see the counts that a
 * new address would. Immutable.
 */
public final class OwnPlace {
  private final long[] keys; // index of an n-gram, then a CP; ascending
  private final int[] counts;
  private final int[] cps; // ascending
  private final int[] places;
  private final float[] norms; // four by CP, as the section CP_NORMS, norms squared
  private final long[] addresses; // by address: CP, then pincode; ascending

  private OwnPlace(
      long[] keys, int[] counts, int[] cps, int[] places, float[] norms, long[] addresses) {
    this.keys = keys;
    this.counts = counts;
    this.cps = cps;
    this.places = places;
    this.norms = norms;
    this.addresses = addresses;
  }

  /**
   * @param cps of the counted addresses of the place
   * @param texts canonical, of the same addresses
   */
  public static OwnPlace of(PrefixIndex index, int[] cps, String[] texts) {
    var keys = new long[1024];
    int size = 0;
    var grams = new Grams();
    for (int i = 0; i < texts.length; i++) {
      grams.read(texts[i]);
      for (int g = 0; g < grams.size(); g++) {
        int gram = index.grams().find(grams.fingerprint(g));
        if (gram < 0) continue; // dropped from the counts
        if (size == keys.length) keys = Arrays.copyOf(keys, 2 * size);
        keys[size++] = key(gram, cps[i]) << 2 | Grams.group(grams.kind(g));
      }
    }
    Arrays.sort(keys, 0, size);
    var own = Arrays.stream(cps).distinct().sorted().toArray();
    var places = new int[own.length];
    for (int cp : cps) places[Arrays.binarySearch(own, cp)]++;
    var norms = new float[4 * own.length];
    var distinct = new long[size];
    var counts = new int[size];
    int kept = 0;
    for (int i = 0; i < size; ) {
      int end = i + 1;
      while (end < size && keys[end] == keys[i]) end++;
      long key = keys[i] >>> 2;
      int group = (int) keys[i] & 3;
      int gram = (int) (key >>> 16);
      int cp = (int) (key & 0xffff);
      int all = index.grams().count(gram, cp);
      int others = Math.max(0, all - (end - i)); // fewer when the pair was dropped from the counts
      distinct[kept] = key;
      counts[kept++] = all - others;
      i = end;
      if (group > 1) continue; // skeletons are in no norm
      int at = 4 * Arrays.binarySearch(own, cp) + 2 * group;
      double weight = index.weight(gram, index.grams().total(gram));
      norms[at] += all - others;
      norms[at + 1] += (float) (weight * weight * ((double) all * all - (double) others * others));
    }
    return new OwnPlace(
        Arrays.copyOf(distinct, kept),
        Arrays.copyOf(counts, kept),
        own,
        places,
        norms,
        new long[0]);
  }

  /**
   * The same with a share in the counts of pincodes.
   *
   * @param cps of all addresses of the place, also of those whose n-grams were not counted
   * @param pincodes of the same addresses
   */
  public OwnPlace withPincodes(int[] cps, int[] pincodes) {
    var all = new long[cps.length];
    for (int i = 0; i < all.length; i++) all[i] = address(cps[i], pincodes[i]);
    Arrays.sort(all);
    return new OwnPlace(keys, counts, this.cps, places, norms, all);
  }

  private static long address(int cp, int pincode) {
    return (long) cp << Integer.SIZE | pincode;
  }

  private static long key(int gram, int cp) {
    return (long) gram << 16 | cp;
  }

  /** Occurrences of an n-gram, at all CPs. */
  int total(int gram) {
    int total = 0;
    for (int i = from(gram); i < keys.length && keys[i] >>> 16 == gram; i++) total += counts[i];
    return total;
  }

  /** Occurrences of an n-gram at a CP. */
  int count(int gram, int cp) {
    int at = Arrays.binarySearch(keys, key(gram, cp));
    return at < 0 ? 0 : counts[at];
  }

  private int from(int gram) {
    int at = Arrays.binarySearch(keys, key(gram, 0));
    return at < 0 ? -at - 1 : at;
  }

  /** Places of a CP. */
  int places(int cp) {
    int at = Arrays.binarySearch(cps, cp);
    return at < 0 ? 0 : places[at];
  }

  /** Addresses of a CP. */
  int addresses(int cp) {
    return before(address(cp + 1, 0)) - before(address(cp, 0));
  }

  /** Addresses of a CP with a pincode. */
  int addresses(int cp, int pincode) {
    return before(address(cp, pincode + 1)) - before(address(cp, pincode));
  }

  /** Number of addresses below {@code key}. */
  private int before(long key) {
    int low = 0;
    int high = addresses.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (addresses[middle] < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * A share of the norms of a CP.
   *
   * @param which 0..3: as in the section CP_NORMS; norms are squared
   */
  float norm(int cp, int which) {
    int at = Arrays.binarySearch(cps, cp);
    return at < 0 ? 0 : norms[4 * at + which];
  }
}
