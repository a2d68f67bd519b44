package com.cpprediction.benchmarks;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The trees of a forest walked row by row, on arrays: node by node a feature, a threshold and the
 * places of both children. What {@link com.cpprediction.model.format.Forest} is measured against.
 */
final class PlainWalk {
  private final int features;
  private final float base;
  private final int[] roots;
  private final int[] feature; // -1 of a leaf
  private final float[] value; // threshold, or what the leaf adds
  private final int[] left;
  private final int[] right;
  private final boolean[] absentLeft;

  /**
   * @param section the bytes of a forest of one group
   */
  PlainWalk(byte[] section) {
    var in = ByteBuffer.wrap(section).order(ByteOrder.LITTLE_ENDIAN);
    features = in.getInt();
    in.getInt(); // groups
    roots = new int[in.getInt()];
    var thresholds = new float[in.getInt()];
    int words = in.getInt();
    in.getInt(); // votes
    base = in.getFloat();
    var firstThreshold = ints(in, features + 1);
    for (int i = 0; i < thresholds.length; i++) thresholds[i] = in.getFloat();
    var trees = ints(in, roots.length);
    ints(in, roots.length); // groups
    var word = ints(in, words);
    feature = new int[words];
    value = new float[words];
    left = new int[words];
    right = new int[words];
    absentLeft = new boolean[words];
    for (int tree = 0; tree < roots.length; tree++) {
      roots[tree] = trees[tree] >>> 1;
      read(word, roots[tree], (trees[tree] & 1) != 0, firstThreshold, thresholds);
    }
  }

  private void read(int[] word, int at, boolean leaf, int[] firstThreshold, float[] thresholds) {
    if (leaf) {
      feature[at] = -1;
      value[at] = Float.intBitsToFloat(word[at]);
      return;
    }
    int threshold = (word[at] & 0x7fff) >>> 1;
    value[at] = thresholds[threshold];
    while (firstThreshold[feature[at] + 1] <= threshold) feature[at]++;
    absentLeft[at] = (word[at] & 1) != 0;
    left[at] = at + 1;
    right[at] = at + (word[at] >>> 17);
    read(word, left[at], (word[at] & 1 << 15) != 0, firstThreshold, thresholds);
    read(word, right[at], (word[at] & 1 << 16) != 0, firstThreshold, thresholds);
  }

  private static int[] ints(ByteBuffer in, int count) {
    var values = new int[count];
    for (int i = 0; i < count; i++) values[i] = in.getInt();
    return values;
  }

  void score(float[] values, int rows, float[] scores) {
    Arrays.fill(scores, 0, rows, base);
    for (int root : roots) {
      for (int row = 0; row < rows; row++) {
        int at = root;
        while (feature[at] >= 0) {
          float own = values[row * features + feature[at]];
          boolean goesLeft = Float.isNaN(own) ? absentLeft[at] : own < value[at];
          at = goesLeft ? left[at] : right[at];
        }
        scores[row] += value[at];
      }
    }
  }
}
