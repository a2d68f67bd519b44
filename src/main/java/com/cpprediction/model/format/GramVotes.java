package com.cpprediction.model.format;

import java.nio.FloatBuffer;

/**
 * How much an n-gram of a text that a CP has speaks for that CP. Learned over all prefixes, from
 * what can be said of any pair of n-gram and CP: the kind of n-gram, the CP's share of its
 * occurrences, how often it occurs, how rare it is among prefixes, where in the text it is, and how
 * usual it is for the CP. Each of these is one of a few classes; the vote of a pair is the sum of
 * five weights, each of two or three classes. Immutable and thread-safe.
 */
public final class GramVotes {
  /** Kinds of n-grams: words, pairs, characters and skeletons of known and of unknown words. */
  public static final int KINDS = 6;

  private static final int SHARES = 8;
  private static final int TOTALS = 7;
  private static final int RARITIES = 4;
  private static final int POSITIONS = 7;
  private static final int USUAL = 4;

  /** Number of pairs of classes that a vote can have. */
  public static final int CODES = KINDS * TOTALS * RARITIES * POSITIONS * SHARES * USUAL;

  /** Number of weights. */
  public static final int WEIGHTS =
      KINDS * (SHARES * (TOTALS + RARITIES + POSITIONS + USUAL) + TOTALS * RARITIES);

  /** Number of weights of a vote. */
  public static final int PARTS = 5;

  /** No n-gram has a vote. */
  public static final GramVotes NONE = new GramVotes(FloatBuffer.allocate(WEIGHTS));

  private static final float MOST = 1e6f;

  private static final int PAIRS = SHARES * USUAL; // codes of one n-gram
  private static final int STEPS = 200; // of a share in the tables of classes
  private static final byte[] SHARE = classes(10, 20, 40, 70, 100, 140, 190);
  private static final byte[] USUALNESS = classes(16, 50, 100);
  private static final int RARE = 48; // starts of classes, in steps: e to the power of 1.5, 3, 4.2
  private static final int RARER = 96;
  private static final int RAREST = 134;

  private final float[] votes = new float[CODES];

  private GramVotes(FloatBuffer weights) {
    var parts = new int[PARTS];
    for (int code = 0; code < CODES; code++) {
      parts(code, parts);
      float sum = 0;
      for (int part : parts) sum += weights.get(part);
      votes[code] = sum;
    }
  }

  /**
   * @param weights {@link #WEIGHTS} of them
   */
  public static GramVotes of(float[] weights) {
    return of(FloatBuffer.wrap(weights));
  }

  /**
   * @param weights {@link #WEIGHTS} from 0 on
   * @throws ModelException when one is no number, or sums of them might be none
   */
  static GramVotes of(FloatBuffer weights) {
    for (int i = 0; i < WEIGHTS; i++) {
      boolean usable = Math.abs(weights.get(i)) <= MOST;
      if (!usable) throw new ModelException("a vote is no number, or too large a one");
    }
    return new GramVotes(weights);
  }

  private static byte[] classes(int... starts) {
    var classes = new byte[STEPS + 1];
    for (int step = 0; step <= STEPS; step++) {
      for (int start : starts) if (step >= start) classes[step]++;
    }
    return classes;
  }

  /** The vote of a pair of n-gram and CP. */
  float vote(int code) {
    return votes[code];
  }

  /** Kind of the n-grams of {@code code}, 0..{@link #KINDS} - 1. */
  static int kind(int code) {
    return code / (CODES / KINDS);
  }

  /**
   * The part of a code that all CPs share.
   *
   * @param i index in {@code grams}
   * @param total occurrences at all CPs
   * @param rarity among prefixes, in steps
   * @param known whether the word of the n-gram occurs at a CP
   */
  static int gramCode(Grams grams, int i, int total, int rarity, boolean known) {
    int kind = grams.kind(i);
    if (kind == Grams.CHARS) kind = known ? 2 : 3;
    else if (kind == Grams.SKELETON) kind = known ? 4 : 5;
    int code = kind * TOTALS + totals(total);
    code = code * RARITIES + rarities(rarity);
    return (code * POSITIONS + position(grams, i)) * PAIRS;
  }

  /**
   * The whole code.
   *
   * @param share of the CP in the occurrences of the n-gram, 0..1
   * @param usual share of the places of the CP that have the n-gram
   */
  static int code(int gramCode, float share, float usual) {
    int of = SHARE[Math.min(STEPS, (int) (share * STEPS))];
    return gramCode + of * USUAL + USUALNESS[Math.min(STEPS, (int) (usual * STEPS))];
  }

  private static int totals(int total) {
    if (total <= 2) return total - 1;
    if (total <= 8) return total <= 4 ? 2 : 3;
    if (total <= 64) return total <= 16 ? 4 : 5;
    return 6;
  }

  private static int rarities(int steps) {
    if (steps < RARER) return steps < RARE ? 0 : 1;
    return steps < RAREST ? 2 : 3;
  }

  private static int position(Grams grams, int i) {
    byte cues = grams.cues(i);
    if ((cues & Grams.POST_OFFICE) != 0) return 4;
    if ((cues & Grams.REGION) != 0) return 5;
    if ((cues & Grams.LANDMARK) != 0) return 6;
    int behind = grams.words() - 1 - grams.word(i);
    if (behind < 5) return behind < 2 ? 0 : 1;
    return behind < 9 ? 2 : 3;
  }

  /**
   * The weights that make up the vote of a code.
   *
   * @param out receives {@link #PARTS} indexes
   */
  public static void parts(int code, int[] out) {
    int usual = code % USUAL;
    int share = code / USUAL % SHARES;
    int position = code / PAIRS % POSITIONS;
    int rarity = code / (PAIRS * POSITIONS) % RARITIES;
    int total = code / (PAIRS * POSITIONS * RARITIES) % TOTALS;
    int kind = kind(code);
    int kindShare = kind * SHARES + share;
    int start = 0;
    out[0] = start + kindShare * TOTALS + total;
    start += KINDS * SHARES * TOTALS;
    out[1] = start + kindShare * RARITIES + rarity;
    start += KINDS * SHARES * RARITIES;
    out[2] = start + kindShare * POSITIONS + position;
    start += KINDS * SHARES * POSITIONS;
    out[3] = start + kindShare * USUAL + usual;
    start += KINDS * SHARES * USUAL;
    out[4] = start + (kind * TOTALS + total) * RARITIES + rarity;
  }
}
