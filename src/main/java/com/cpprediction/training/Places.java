package com.cpprediction.training;

import java.util.Arrays;

/**
 * Groups the addresses of a prefix by place: an address is of the place whose first address shares
 * at least three words with it and has a Jaccard index of at least 0.44, the most similar of them;
 * else it is the first of a new place. Only first addresses are compared, so that places don't grow
 * together through chains of similar addresses, and only those that share a word that few places
 * have. Depends on the order of the addresses. Memory grows with the number of places.
 */
final class Places {
  private static final int SHARED_WORDS = 3;
  private static final double JACCARD = 0.44;

  /** Places by which a word is found; a word of more places finds none. */
  private static final int PLACES_PER_WORD = 64;

  private int[] words = new int[1024]; // distinct words of the first addresses, ascending
  private int[] start = new int[128]; // of each place's words, and the end of the last
  private int size;
  private int[] shared = new int[128];
  private int[] met = new int[128];
  private final IntLists byWord = new IntLists(PLACES_PER_WORD + 1);

  /** Number of places. */
  int size() {
    return size;
  }

  /**
   * The place of an address.
   *
   * @param own fingerprints of its words, ascending and distinct
   * @return its number; {@link #size} grows by one when it is new
   */
  int of(int[] own) {
    int found = find(own);
    return found < 0 ? add(own) : found;
  }

  private int find(int[] own) {
    int count = 0;
    int common = 0;
    for (int word : own) {
      int list = byWord.find(word);
      if (list < 0) continue;
      int length = byWord.length(list);
      if (length > PLACES_PER_WORD) {
        common++;
        continue;
      }
      for (int i = 0; i < length; i++) {
        int place = byWord.get(list, i);
        if (shared[place]++ > 0) continue;
        if (count == met.length) met = Arrays.copyOf(met, 2 * count);
        met[count++] = place;
      }
    }
    int best = -1;
    double highest = 0;
    int least = Math.max(SHARED_WORDS, (int) Math.ceil(JACCARD * own.length)) - common;
    for (int i = 0; i < count; i++) {
      int place = met[i];
      if (shared[place] >= least) {
        double similarity = similarity(own, place);
        if (similarity > highest || similarity == highest && place < best) {
          highest = similarity;
          best = place;
        }
      }
      shared[place] = 0;
    }
    return highest >= JACCARD ? best : -1;
  }

  /** The Jaccard index, or 0 when too few words are shared. */
  private double similarity(int[] own, int place) {
    int both = 0;
    int a = 0;
    int b = start[place];
    while (a < own.length && b < start[place + 1]) {
      if (own[a] == words[b]) {
        both++;
        a++;
        b++;
      } else if (own[a] < words[b]) {
        a++;
      } else {
        b++;
      }
    }
    int either = own.length + start[place + 1] - start[place] - both;
    return both < SHARED_WORDS ? 0 : (double) both / either;
  }

  private int add(int[] own) {
    if (size + 2 > start.length) {
      start = Arrays.copyOf(start, 2 * start.length);
      shared = Arrays.copyOf(shared, 2 * shared.length);
    }
    int end = start[size] + own.length;
    if (end > words.length) words = Arrays.copyOf(words, Math.max(end, 2 * words.length));
    System.arraycopy(own, 0, words, start[size], own.length);
    for (int word : own) byWord.add(word, size);
    start[++size] = end;
    return size - 1;
  }
}
