package com.cpprediction.model;

import com.cpprediction.model.format.Forest;
import com.cpprediction.model.format.Ranker;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Whether a forest gives what XGBoost gives for the same model, on rows made to tell them apart:
 * values on and beside every threshold, absent ones, both zeros, denormals, huge ones. Infinite
 * values are not among them: XGBoost refuses those.
 */
public final class Parity {
  /** Rows asked. */
  public static final int ROWS = 10_000;

  /** By how much scores may differ. */
  public static final float TOLERANCE = 1e-5f;

  private static final int BATCH = 1_000;
  private static final float[] SPECIAL = {
    Float.NaN,
    Float.NaN,
    0f,
    -0f,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL / 2,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    1f,
    -1f
  };

  private Parity() {}

  /**
   * Blocks for half a second.
   *
   * @param reference the same model in XGBoost
   * @return how they differ; empty when they don't
   */
  public static Optional<String> difference(Ranker reference, Forest forest, long seed) {
    var random = new SplittableRandom(seed);
    var values = values(forest);
    for (int start = 0; start < ROWS; start += BATCH) {
      var rows = rows(values, random);
      var expected = new float[BATCH];
      var actual = new float[BATCH];
      reference.score(rows, BATCH, expected);
      forest.score(rows, BATCH, actual);
      for (int row = 0; row < BATCH; row++) {
        if (Math.abs(expected[row] - actual[row]) <= TOLERANCE) continue;
        int from = row * forest.features();
        return Optional.of(
            "the forest scores %s where XGBoost scores %s, of %s"
                .formatted(
                    actual[row],
                    expected[row],
                    Arrays.toString(Arrays.copyOfRange(rows, from, from + forest.features()))));
      }
    }
    return Optional.empty();
  }

  /** What each feature may be: around its thresholds, and special. */
  private static List<float[]> values(Forest forest) {
    var all = new ArrayList<float[]>();
    for (int feature = 0; feature < forest.features(); feature++) {
      var thresholds = forest.thresholds(feature);
      var own = Arrays.copyOf(SPECIAL, SPECIAL.length + 3 * thresholds.length);
      int at = SPECIAL.length;
      for (float threshold : thresholds) {
        own[at++] = Math.nextDown(threshold);
        own[at++] = threshold;
        own[at++] = Math.nextUp(threshold);
      }
      all.add(own);
    }
    return all;
  }

  private static float[] rows(List<float[]> values, SplittableRandom random) {
    var rows = new float[BATCH * values.size()];
    for (int i = 0; i < rows.length; i++) {
      var own = values.get(i % values.size());
      boolean between = random.nextInt(4) == 0;
      float value = own[random.nextInt(own.length)];
      rows[i] = between ? (value + own[random.nextInt(own.length)]) / 2 : value;
      if (Float.isInfinite(rows[i])) rows[i] = Float.MAX_VALUE;
    }
    return rows;
  }
}
