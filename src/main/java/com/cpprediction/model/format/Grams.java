package com.cpprediction.model.format;

import java.security.SecureRandom;
import java.util.Arrays;

/**
 * Extracts the n-grams of a text: words, word bigrams, character trigrams and 4-grams within a word
 * and its surrounding blanks, and the consonant skeletons of words and of two neighbours joined. A
 * skeleton leaves out vowels, and letters that spellings of one name exchange are one. Runs of five
 * or more digits are skipped: the pincode is a separate feature, and telephone numbers carry no
 * information.
 *
 * <p>N-grams are identified by 32-bit fingerprints. Reusable, to avoid allocation; not thread-safe.
 */
public final class Grams {
  /** Kinds of n-grams. */
  public static final byte WORD = 0;

  public static final byte WORD_PAIR = 1;
  public static final byte CHARS = 2;
  public static final byte SKELETON = 3;

  /** Kinds of cues, one bit each: words that say what the next two words name. */
  public static final byte NO_CUE = 0;

  public static final byte POST_OFFICE = 1;
  public static final byte REGION = 2;
  public static final byte LANDMARK = 4;

  static final int LONG_NUMBER = 5;
  private static final int CUED_WORDS = 2;
  private static final int LEAST_SKELETON = 3; // letters
  private static final int LEAST_JOINED = 4;
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

  private static final long[] LANDMARKS =
      hashes(
          "near",
          "nr",
          "opp",
          "opposite",
          "behind",
          "bh",
          "beside",
          "besides",
          "adjacent",
          "adj",
          "next",
          "above");

  /** Skeleton letter of each of a to z; blank for those that are left out. */
  private static final String SKELETONS = " bkd pg  jklnn pkrst vvk j";

  /** Random, so that callers can construct equal fingerprints but not colliding slots. */
  private static final long KEY = new SecureRandom().nextLong();

  private int[] fingerprint = new int[512];
  private byte[] kind = new byte[512];
  private boolean[] repeated = new boolean[512];
  private byte[] cue = new byte[512];
  private int[] word = new int[512]; // place of the word in the text
  private int[] wordGram = new int[512]; // index of the word
  private int size;
  private int words;
  private int[] slots = new int[1024]; // index + 1 of the n-gram that hashes here
  private char[] text = new char[256];
  private byte current; // cue of the word in work
  private int currentGram; // its index
  private int skeletonLength;

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
    long previousSkeleton = FNV_OFFSET;
    int previousLength = 0;
    byte cued = NO_CUE;
    int left = 0;
    for (int start = 0; start < length; ) {
      while (start < length && text[start] == ' ') start++;
      int end = start;
      while (end < length && text[end] != ' ') end++;
      if (end > start) {
        long word = wordHash(FNV_OFFSET, start, end);
        byte said = chars ? cueOf(word, previous) : NO_CUE;
        current = said == NO_CUE && left > 0 ? cued : NO_CUE;
        left = said == NO_CUE ? left - 1 : CUED_WORDS;
        if (said != NO_CUE) cued = said;
        currentGram = add(mix(word), WORD);
        if (words > 0) add(mix(wordHash(step(previous, ' '), start, end)), WORD_PAIR);
        if (chars) {
          addChars(start, end);
          long skeleton = skeleton(FNV_OFFSET, start, end);
          int letters = skeletonLength;
          if (letters >= LEAST_SKELETON) add(mix(skeleton), SKELETON);
          boolean joined = letters > 0 && previousLength > 0;
          if (joined && previousLength + letters >= LEAST_JOINED) {
            add(mix(skeleton(previousSkeleton, start, end)), SKELETON);
          }
          previousSkeleton = skeleton;
          previousLength = letters;
        }
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

  /** {@link #WORD}, {@link #WORD_PAIR}, {@link #CHARS} or {@link #SKELETON}. */
  public byte kind(int i) {
    return kind[i];
  }

  /**
   * The group of n-grams whose norm {@code kind} counts in: 0 of words and pairs, 1 of characters,
   * 2 of skeletons, which has none.
   */
  public static int group(byte kind) {
    return kind == WORD || kind == WORD_PAIR ? 0 : kind == CHARS ? 1 : 2;
  }

  /** Whether the n-gram occurs more than once. */
  public boolean repeated(int i) {
    return repeated[i];
  }

  /** Whether n-gram {@code i} is of a word that {@code kind} of cue introduces. */
  public boolean isCued(int i, byte kind) {
    return (cue[i] & kind) != 0;
  }

  /** Cues that introduce n-gram {@code i}, one bit each. */
  byte cues(int i) {
    return cue[i];
  }

  /** Place in the text, from 0, of the word in which n-gram {@code i} occurs first. */
  int word(int i) {
    return word[i];
  }

  /** Index of the word in which n-gram {@code i} occurs first. */
  int wordGram(int i) {
    return wordGram[i];
  }

  private static byte cueOf(long word, long previous) {
    if (word == O && previous == P) return POST_OFFICE;
    for (long hash : POST_OFFICES) if (hash == word) return POST_OFFICE;
    for (long hash : REGIONS) if (hash == word) return REGION;
    for (long hash : LANDMARKS) if (hash == word) return LANDMARK;
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

  /**
   * Continues a hash with the skeleton of a word, whose length goes to {@link #skeletonLength}; a
   * word with another character than a to z has none.
   */
  private long skeleton(long hash, int start, int end) {
    skeletonLength = 0;
    char last = ' ';
    int length = 0;
    for (int i = start; i < end; i++) {
      if (text[i] < 'a' || text[i] > 'z') return hash;
      char letter = SKELETONS.charAt(text[i] - 'a');
      if (letter == ' ' || letter == last) continue;
      last = letter;
      hash = step(hash, letter);
      length++;
    }
    skeletonLength = length;
    return hash;
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

  /**
   * @return index of the n-gram
   */
  private int add(int hash, byte gramKind) {
    int mask = slots.length - 1;
    // The kind separates the word "abc" from the trigram "abc".
    int print = hash ^ gramKind * 0x9e3779b9;
    int slot = slot(print, KEY) & mask;
    while (slots[slot] != 0) {
      int i = slots[slot] - 1;
      if (fingerprint[i] == print) {
        repeated[i] = true;
        cue[i] |= current;
        return i;
      }
      slot = slot + 1 & mask;
    }
    if (size == fingerprint.length) grow();
    fingerprint[size] = print;
    kind[size] = gramKind;
    repeated[size] = false;
    cue[size] = current;
    word[size] = words;
    wordGram[size] = gramKind == WORD ? size : currentGram;
    slots[slot] = ++size;
    if (size * 2 > slots.length) rehash();
    return size - 1;
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
    word = Arrays.copyOf(word, size * 2);
    wordGram = Arrays.copyOf(wordGram, size * 2);
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
