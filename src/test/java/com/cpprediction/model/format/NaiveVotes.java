package com.cpprediction.model.format;

import java.util.Random;

/** A slow reference implementation of {@link GramVotes}: weights in tables, by their classes. */
final class NaiveVotes {
  private final float[] flat;
  private final float[][][] shareTotal = new float[6][8][7];
  private final float[][][] shareRarity = new float[6][8][4];
  private final float[][][] sharePosition = new float[6][8][7];
  private final float[][][] shareUsual = new float[6][8][4];
  private final float[][][] totalRarity = new float[6][7][4];

  /** Normally distributed weights. */
  NaiveVotes(long seed) {
    var random = new Random(seed);
    int size = 0;
    flat = new float[GramVotes.WEIGHTS];
    for (int i = 0; i < flat.length; i++) flat[i] = (float) (random.nextGaussian() / 10);
    for (var table :
        new float[][][][] {shareTotal, shareRarity, sharePosition, shareUsual, totalRarity}) {
      for (var ofKind : table) {
        for (var row : ofKind) for (int i = 0; i < row.length; i++) row[i] = flat[size++];
      }
    }
  }

  GramVotes votes() {
    return GramVotes.of(flat);
  }

  /**
   * The vote of an n-gram that a CP has.
   *
   * @param kind of the n-gram, as of {@link Grams}
   * @param known whether its word occurs at a CP
   * @param count at the CP
   * @param total at all CPs
   * @param rarity in steps
   * @param position as of {@link #position}
   * @param places of the CP
   */
  double vote(
      byte kind, boolean known, int count, int total, double rarity, int position, int places) {
    int k = kindClass(kind, known);
    int s = above((double) count / total, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.95);
    int d = above(total, 2, 3, 5, 9, 17, 65);
    int r = above(rarity, 48, 96, 134); // ln of 1.5, 3 and 4.2, rounded
    int l = above(count / (places + 1.0), 0.08, 0.25, 0.5);
    return (double) shareTotal[k][s][d]
        + shareRarity[k][s][r]
        + sharePosition[k][s][position]
        + shareUsual[k][s][l]
        + totalRarity[k][d][r];
  }

  static int kindClass(byte kind, boolean known) {
    return switch (kind) {
      case Grams.WORD -> 0;
      case Grams.WORD_PAIR -> 1;
      case Grams.CHARS -> known ? 2 : 3;
      default -> known ? 4 : 5;
    };
  }

  /**
   * @param cues of the n-gram, one bit each
   * @param behind words behind the one of its first occurrence
   */
  static int position(int cues, int behind) {
    if ((cues & Grams.POST_OFFICE) != 0) return 4;
    if ((cues & Grams.REGION) != 0) return 5;
    if ((cues & Grams.LANDMARK) != 0) return 6;
    return above(behind, 2, 5, 9);
  }

  /** Number of starts of classes that {@code value} reaches. */
  private static int above(double value, double... starts) {
    int count = 0;
    for (double start : starts) if (value >= start - 1e-9) count++;
    return count;
  }
}
