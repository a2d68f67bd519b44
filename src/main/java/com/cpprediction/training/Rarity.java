package com.cpprediction.training;

import com.cpprediction.model.format.PrefixIndex;
import java.util.Arrays;
import java.util.Collection;

/**
 * How rare an n-gram is among prefixes: {@code ln((P + 1) / (p + 0.5))}, of P prefixes p of which
 * have it. Words such as those of banks and streets are in many prefixes and say little, even in a
 * prefix with few addresses.
 */
final class Rarity {
  private static final int MAX_STEPS = 255;

  private final int[] fingerprints; // ascending
  private final int[] prefixes; // by fingerprint
  private final int of;

  /**
   * @param vocabularies by prefix: distinct fingerprints
   */
  Rarity(Collection<int[]> vocabularies) {
    of = vocabularies.size();
    var all = new int[vocabularies.stream().mapToInt(v -> v.length).sum()];
    int end = 0;
    for (var vocabulary : vocabularies) {
      System.arraycopy(vocabulary, 0, all, end, vocabulary.length);
      end += vocabulary.length;
    }
    Arrays.parallelSort(all);
    int size = 0;
    var counts = new int[all.length];
    for (int i = 0; i < all.length; i++) {
      if (size == 0 || all[size - 1] != all[i]) {
        all[size] = all[i];
        counts[size++] = 0;
      }
      counts[size - 1]++;
    }
    fingerprints = Arrays.copyOf(all, size);
    prefixes = Arrays.copyOf(counts, size);
  }

  /** In steps of one over {@link PrefixIndex#RARITY_STEPS}, 0..255; highest for an unknown one. */
  int steps(int fingerprint) {
    int at = Arrays.binarySearch(fingerprints, fingerprint);
    double have = at < 0 ? 0 : prefixes[at];
    double rarity = StrictMath.log((of + 1) / (have + 0.5));
    return (int) Math.max(0, Math.min(MAX_STEPS, Math.rint(rarity * PrefixIndex.RARITY_STEPS)));
  }
}
