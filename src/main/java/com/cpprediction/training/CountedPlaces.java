package com.cpprediction.training;

import com.cpprediction.model.format.Grams;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The places of a prefix as its addresses are counted: those held back are not, and those known
 * from an earlier training were before. Depends on the order of the addresses. One thread.
 */
final class CountedPlaces {
  private final long seed;
  private final double heldBack;
  private final int[] earlierKeys;
  private final Places found = new Places();
  private boolean[] isHeld = new boolean[64];
  private boolean[] isKnown = new boolean[64];
  private int[] keys = new int[64];
  private int[] words = new int[64];

  /**
   * @param seed of the split
   * @param heldBack share of places to hold back, 0..0.9
   * @param earlierKeys {@link #keys} of the earlier training, ascending
   */
  CountedPlaces(long seed, double heldBack, int[] earlierKeys) {
    this.seed = seed;
    this.heldBack = heldBack;
    this.earlierKeys = earlierKeys;
  }

  /** Number of places. */
  int size() {
    return found.size();
  }

  /**
   * The place of an address.
   *
   * @param grams of {@code text}
   * @param text canonical
   * @return its number; {@link #size} grows by one when it is new
   */
  int of(Grams grams, String text) {
    var own = words(grams);
    int before = found.size();
    int place = found.of(own);
    if (place == before) begin(place, own, text);
    return place;
  }

  boolean isHeld(int place) {
    return isHeld[place];
  }

  boolean isKnown(int place) {
    return isKnown[place];
  }

  /** Key of a place. */
  int key(int place) {
    return keys[place];
  }

  /** Whether an address is of the place whose first address is {@code first}, both canonical. */
  static boolean isOnePlace(String first, String text) {
    var places = new CountedPlaces(0, 0, new int[0]);
    var grams = new Grams();
    return places.of(grams.read(first), first) == places.of(grams.read(text), text);
  }

  /** Keys of the counted places, those of the earlier training too, ascending. */
  int[] keys() {
    var own = IntStream.range(0, found.size()).filter(place -> !isHeld[place]);
    return IntStream.concat(Arrays.stream(earlierKeys), own.map(place -> keys[place]))
        .sorted()
        .distinct()
        .toArray();
  }

  /** Key of a place by its first address, canonical. */
  static int keyOf(String text) {
    return key(new CountedPlaces(0, 0, new int[0]).words(new Grams().read(text)));
  }

  /** Whether a place is of the half that is forgotten when counts are halved. */
  static boolean isForgotten(int key) {
    return (key * 0x85ebca6b >>> Integer.SIZE - 1) != 0;
  }

  /** Fingerprints of the words, ascending. */
  private int[] words(Grams grams) {
    int size = 0;
    for (int i = 0; i < grams.size(); i++) {
      if (grams.kind(i) != Grams.WORD) continue;
      if (size == words.length) words = Arrays.copyOf(words, 2 * size);
      words[size++] = grams.fingerprint(i);
    }
    var own = Arrays.copyOf(words, size);
    Arrays.sort(own);
    return own;
  }

  private void begin(int place, int[] own, String text) {
    if (place == isHeld.length) {
      isHeld = Arrays.copyOf(isHeld, 2 * place);
      isKnown = Arrays.copyOf(isKnown, 2 * place);
      keys = Arrays.copyOf(keys, 2 * place);
    }
    keys[place] = key(own);
    isKnown[place] = Arrays.binarySearch(earlierKeys, keys[place]) >= 0;
    isHeld[place] = !isKnown[place] && PrefixCounts.chance(seed, "held back", text) < heldBack;
  }

  /** A key that most spellings of a place share: of the two words with the lowest hashes. */
  private static int key(int[] own) {
    int first = -1;
    int second = -1;
    for (int word : own) {
      int hash = word * 0x9e3779b1;
      if (Integer.compareUnsigned(hash, first) < 0) {
        second = first;
        first = hash;
      } else if (Integer.compareUnsigned(hash, second) < 0) {
        second = hash;
      }
    }
    return first * 31 + second;
  }
}
