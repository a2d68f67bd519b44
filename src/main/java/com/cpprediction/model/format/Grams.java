package com.cpprediction.model.format;

import java.security.SecureRandom;
import java.util.Arrays;

/**
 * Extracts the n-grams of a text: words, word bigrams, and character trigrams and 4-grams within a
 * word and its surrounding blanks. Runs of five or more digits are skipped: the pincode is a
 * separate feature, and telephone numbers carry no information.
 *
 * <p>N-grams are identified by 32-bit fingerprints. Reusable, to avoid allocation; not thread-safe.
 */
public final class Grams {
  /** Kinds of n-grams. */
  public static final byte WORD = 0;

  public static final byte WORD_PAIR = 1;
  public static final byte CHARS = 2;

  /** Kinds of cues, one bit each: words that say what the next two words name. */
  public static final byte NO_CUE = 0;

  public static final byte POST_OFFICE = 1;
  public static final byte REGION = 2;

  private static final int LONG_NUMBER = 5;
  private static final int CUED_WORDS = 2;
  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private static final long P = hash("p");
  private static final long O = hash("o");
  private static final long[] POST_OFFICES = hashes("po", "post", "vpo", "bo", "so");
  private static final long[] REGIONS =
      hashes(
          "dist",
          "distt",
          "district",
          "dt",
          "teh",
          "tehsil",
          "taluka",
          "tal",
          "taluk",
          "tq",
          "mandal");

  /** Random, so that callers can construct equal fingerprints but not colliding slots. */
  private static final long KEY = new SecureRandom().nextLong();

  private int[] fingerprint = new int[512];
  private byte[] kind = new byte[512];
  private boolean[] repeated = new boolean[512];
  private byte[] cue = new byte[512];
  private int size;
  private int words;
  private int[] slots = new int[1024]; // index + 1 of the n-gram that hashes here
  private char[] text = new char[256];
  private byte current; // cue of the word in work

  /**
   * Replaces the n-grams by those of {@code canonical}.
   *
   * @return this
   */
  public Grams read(String canonical) {
    return read(canonical, true);
  }

  /** As {@link #read}, of words and word bigrams only. */
  Grams readWords(String canonical) {
    return read(canonical, false);
  }

  private Grams read(String canonical, boolean chars) {
    clear();
    int length = maskLongNumbers(canonical);
    long previous = 0;
    byte cued = NO_CUE;
    int left = 0;
    for (int start = 0; start < length; ) {
      while (start < length && text[start] == ' ') start++;
      int end = start;
      while (end < length && text[end] != ' ') end++;
      if (end > start) {
        long word = wordHash(FNV_OFFSET, start, end);
        byte said = cueOf(word, previous);
        current = said == NO_CUE && left > 0 ? cued : NO_CUE;
        left = said == NO_CUE ? left - 1 : CUED_WORDS;
        if (said != NO_CUE) cued = said;
        add(mix(word), WORD);
        if (words > 0) add(mix(wordHash(step(previous, ' '), start, end)), WORD_PAIR);
        if (chars) addChars(start, end);
        previous = word;
        words++;
      }
      start = end;
    }
    return this;
  }

  /** Number of distinct n-grams. */
  public int size() {
    return size;
  }

  /** Number of words, including repeated ones. */
  public int words() {
    return words;
  }

  public int fingerprint(int i) {
    return fingerprint[i];
  }

  /** {@link #WORD}, {@link #WORD_PAIR} or {@link #CHARS}. */
  public byte kind(int i) {
    return kind[i];
  }

  /** Whether the n-gram occurs more than once. */
  public boolean repeated(int i) {
    return repeated[i];
  }

  /** Whether n-gram {@code i} is of a word that {@code kind} of cue introduces. */
  public boolean isCued(int i, byte kind) {
    return (cue[i] & kind) != 0;
  }

  private static byte cueOf(long word, long previous) {
    if (word == O && previous == P) return POST_OFFICE;
    for (long hash : POST_OFFICES) if (hash == word) return POST_OFFICE;
    for (long hash : REGIONS) if (hash == word) return REGION;
    return NO_CUE;
  }

  private static long[] hashes(String... words) {
    var hashes = new long[words.length];
    for (int i = 0; i < words.length; i++) hashes[i] = hash(words[i]);
    return hashes;
  }

  private static long hash(String word) {
    long hash = FNV_OFFSET;
    for (int i = 0; i < word.length(); i++) hash = step(hash, word.charAt(i));
    return hash;
  }

  private void clear() {
    Arrays.fill(slots, 0);
    size = 0;
    words = 0;
  }

  private int maskLongNumbers(String canonical) {
    int length = canonical.length();
    if (text.length < length) text = new char[length * 2];
    canonical.getChars(0, length, text, 0);
    for (int i = 0; i < length; ) {
      int end = i;
      while (end < length && text[end] >= '0' && text[end] <= '9') end++;
      if (end - i >= LONG_NUMBER) Arrays.fill(text, i, end, ' ');
      i = Math.max(end, i + 1);
    }
    return length;
  }

  private void addChars(int start, int end) {
    // The window slides over " word ", including the blanks.
    for (int i = start - 1; i + 3 <= end + 1; i++) {
      long three =
          at(i, start, end) << 48 | at(i + 1, start, end) << 32 | at(i + 2, start, end) << 16;
      add(mix(three), CHARS);
      if (i + 4 <= end + 1) add(mix(three | at(i + 3, start, end)), CHARS);
    }
  }

  private long at(int i, int start, int end) {
    return i < start || i >= end ? ' ' : text[i];
  }

  private long wordHash(long hash, int start, int end) {
    for (int i = start; i < end; i++) hash = step(hash, text[i]);
    return hash;
  }

  private static long step(long hash, char c) {
    return (hash ^ c) * FNV_PRIME;
  }

  /** The finaliser of SplitMix64 (Steele, Lea, Flood 2014), folded to its upper half. */
  private static int mix(long z) {
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return (int) ((z ^ z >>> 31) >>> 32);
  }

  private void add(int hash, byte gramKind) {
    int mask = slots.length - 1;
    // The kind separates the word "abc" from the trigram "abc".
    int print = hash ^ gramKind * 0x9e3779b9;
    int slot = slot(print, KEY) & mask;
    while (slots[slot] != 0) {
      int i = slots[slot] - 1;
      if (fingerprint[i] == print) {
        repeated[i] = true;
        cue[i] |= current;
        return;
      }
      slot = slot + 1 & mask;
    }
    if (size == fingerprint.length) grow();
    fingerprint[size] = print;
    kind[size] = gramKind;
    repeated[size] = false;
    cue[size] = current;
    slots[slot] = ++size;
    if (size * 2 > slots.length) rehash();
  }

  /** Hash slot of a fingerprint, in the lower bits; affects the speed of lookups only. */
  static int slot(int fingerprint, long key) {
    long z = (fingerprint ^ key) * 0xbf58476d1ce4e5b9L;
    return (int) (((z ^ z >>> 32) * (key | 1)) >>> 32);
  }

  private void grow() {
    fingerprint = Arrays.copyOf(fingerprint, size * 2);
    kind = Arrays.copyOf(kind, size * 2);
    repeated = Arrays.copyOf(repeated, size * 2);
    cue = Arrays.copyOf(cue, size * 2);
  }

  private void rehash() {
    slots = new int[slots.length * 2];
    int mask = slots.length - 1;
    for (int i = 0; i < size; i++) {
      int slot = slot(fingerprint[i], KEY) & mask;
      while (slots[slot] != 0) slot = slot + 1 & mask;
      slots[slot] = i + 1;
    }
  }
}
