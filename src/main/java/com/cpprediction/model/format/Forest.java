package com.cpprediction.model.format;

import com.cpprediction.json.Digests;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;

/**
 * A forest of regression trees, evaluated in place from a mapped file. The scores equal XGBoost's
 * bit by bit: {@code <} on float32, missing values (NaN) take the default branch, leaves are added
 * in float32 in the order of the trees, starting from the base score.
 *
 * <p>Rows are scored in blocks of 64, one bit each. First the set of rows that go left is computed
 * for every threshold; then each tree is traversed once with sets of rows, and a leaf adds its
 * value to the rows that reach it. The candidates of an address differ little, so most nodes are
 * visited once for all of them (after QuickScorer, Lucchese et al. 2015, with rows in place of
 * leaves).
 *
 * <p>Immutable, thread-safe, lock-free and allocation-free. All references are validated once, on
 * construction.
 *
 * <pre>
 * i32    features F, groups, trees T, thresholds K, words W, votes V: 0 or GramVotes.WEIGHTS
 * f32    base score
 * i32    F + 1: first threshold of each feature, and K
 * f32    K: thresholds, ascending within a feature
 * i32    T: twice the index of each tree's first word, plus one when that is a leaf
 * i32    T: group of each tree
 * 4 byte W: nodes in preorder, left subtree first; a leaf is its f32 value; of an inner node, bits
 *        0-14 are twice its threshold's index, plus one when missing values go left; bit 15: the
 *        left child is a leaf; bit 16: the right one is; bits 17-31: distance in words to the right
 *        child
 * f32    V: the votes of n-grams, of which its features are made
 * </pre>
 */
public final class Forest implements Ranker {
  /** Maximum number of thresholds. */
  public static final int MAX_THRESHOLDS = 1 << 14;

  /** Maximum number of scores per row. */
  public static final int MAX_GROUPS = 1 << 10;

  /** Maximum distance in words from a node to its right child. */
  public static final int MAX_SKIP = (1 << 15) - 1;

  private static final float MOST_SCORE = 1e6f;

  private static final int TEST = 0x7fff;
  private static final int LEFT_LEAF = 1 << 15;
  private static final int RIGHT_LEAF = 1 << 16;
  private static final int SKIP_SHIFT = 17;

  private static final int HEADER = 7 * Integer.BYTES;
  private static final int ROWS = Long.SIZE;

  /**
   * Maximum depth in nodes: each level shortens the distance to the right child by at least one.
   */
  private static final int DEPTH = MAX_SKIP + 1;

  private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

  private final ByteBuffer section;
  private final int features;
  private final int groups;
  private final float base;
  private final IntBuffer firstThreshold;
  private final FloatBuffer threshold;
  private final IntBuffer tree;
  private final IntBuffer group;
  private final IntBuffer words;
  private final GramVotes votes;

  /** Buffers of a thread. */
  private static final class Scratch {
    long[] left = {}; // two per threshold: rows that go left, with missing values going right, then
    // left
    int[] at = new int[64];
    long[] set = new long[64];
    float[] sums = {};
  }

  private Forest(ByteBuffer section) {
    this.section = section.duplicate();
    var bytes = section.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(0);
    if (bytes.limit() < HEADER) throw damaged("has no header");
    features = bytes.getInt();
    groups = bytes.getInt();
    int trees = bytes.getInt();
    int thresholds = bytes.getInt();
    int wordCount = bytes.getInt();
    int voteCount = bytes.getInt();
    base = bytes.getFloat();
    boolean counts =
        features > 0
            && features <= MAX_THRESHOLDS
            && groups > 0
            && groups <= MAX_GROUPS
            && trees >= groups
            && thresholds >= 0
            && thresholds <= MAX_THRESHOLDS
            && wordCount >= trees
            && (voteCount == 0 || voteCount == GramVotes.WEIGHTS);
    long length =
        HEADER + Integer.BYTES * (features + 1L + thresholds + 2L * trees + wordCount + voteCount);
    if (!counts || length != bytes.limit()) throw damaged("has sizes that don't fit");
    if (!isScore(base)) throw damaged("has no base score");
    firstThreshold = take(bytes, features + 1).asIntBuffer();
    threshold = take(bytes, thresholds).asFloatBuffer();
    tree = take(bytes, trees).asIntBuffer();
    group = take(bytes, trees).asIntBuffer();
    words = take(bytes, wordCount).asIntBuffer();
    votes = voteCount == 0 ? GramVotes.NONE : GramVotes.of(take(bytes, voteCount).asFloatBuffer());
    checkThresholds(thresholds);
    checkTrees(trees, thresholds);
  }

  /**
   * @param section the bytes of a forest, from 0 to the limit, mapped or on the heap
   * @throws ModelException when the bytes aren't a valid forest
   */
  public static Forest of(ByteBuffer section) {
    return new Forest(section);
  }

  /** The votes of n-grams, of which its features are made. */
  public GramVotes votes() {
    return votes;
  }

  /** Encodes an inner node. */
  public static int node(
      int threshold, boolean absentLeft, boolean leftLeaf, boolean rightLeaf, int skip) {
    return threshold << 1
        | (absentLeft ? 1 : 0)
        | (leftLeaf ? LEFT_LEAF : 0)
        | (rightLeaf ? RIGHT_LEAF : 0)
        | skip << SKIP_SHIFT;
  }

  private static ByteBuffer take(ByteBuffer bytes, int words) {
    var slice = bytes.slice(bytes.position(), words * Integer.BYTES);
    bytes.position(bytes.position() + slice.limit());
    return slice.order(ByteOrder.LITTLE_ENDIAN);
  }

  private void checkThresholds(int thresholds) {
    if (firstThreshold.get(0) != 0 || firstThreshold.get(features) != thresholds) {
      throw damaged("has thresholds of no feature");
    }
    for (int feature = 0; feature < features; feature++) {
      int end = firstThreshold.get(feature + 1);
      if (end < firstThreshold.get(feature) || end > thresholds) {
        throw damaged("has thresholds of no feature");
      }
      for (int i = firstThreshold.get(feature); i < end; i++) {
        boolean ascends =
            i == firstThreshold.get(feature) || threshold.get(i - 1) < threshold.get(i);
        if (!ascends || Float.isNaN(threshold.get(i))) throw damaged("has unsorted thresholds");
      }
    }
  }

  /** Checks that every word is part of exactly one tree, so that a traversal ends within bounds. */
  private void checkTrees(int trees, int thresholds) {
    int next = 0;
    var ends = new int[DEPTH]; // ends of the subtrees whose right child is not visited yet
    for (int i = 0; i < trees; i++) {
      if (tree.get(i) >>> 1 != next) throw damaged("has trees that overlap");
      if (group.get(i) < 0 || group.get(i) >= groups) throw damaged("has a tree of no group");
      next = endOfTree(next, (tree.get(i) & 1) != 0, thresholds, ends);
    }
    if (next != words.limit()) throw damaged("has words of no tree");
  }

  private int endOfTree(int root, boolean rootIsLeaf, int thresholds, int[] pending) {
    int depth = 0;
    int at = root;
    boolean leaf = rootIsLeaf;
    while (true) {
      if (at >= words.limit()) throw damaged("has a tree that ends too late");
      int word = words.get(at);
      if (!leaf) {
        if ((word & TEST) >>> 1 >= thresholds || depth == pending.length) {
          throw damaged("has a node of no threshold");
        }
        pending[depth++] = at;
        leaf = (word & LEFT_LEAF) != 0;
        at++;
        continue;
      }
      if (!isScore(Float.intBitsToFloat(word))) throw damaged("has a leaf without value");
      at++;
      if (depth == 0) return at;
      int parent = pending[--depth];
      if (parent + (words.get(parent) >>> SKIP_SHIFT) != at) {
        throw damaged("has a node without its right child");
      }
      leaf = (words.get(parent) & RIGHT_LEAF) != 0;
    }
  }

  /** Whether sums of many such values are numbers. */
  private static boolean isScore(float value) {
    return Math.abs(value) <= MOST_SCORE;
  }

  private static ModelException damaged(String how) {
    return new ModelException("the forest " + how);
  }

  /** SHA-256 of its bytes in hex. */
  public String sha256() {
    return Digests.sha256Hex(section.duplicate());
  }

  /** Number of features per row. */
  public int features() {
    return features;
  }

  /** Number of scores per row. */
  public int groups() {
    return groups;
  }

  public int trees() {
    return tree.limit();
  }

  /** The thresholds of a feature, ascending. */
  public float[] thresholds(int feature) {
    int start = firstThreshold.get(feature);
    var own = new float[firstThreshold.get(feature + 1) - start];
    threshold.get(start, own);
    return own;
  }

  /**
   * @param scores output, one per row and group
   */
  @Override
  public void score(float[] values, int rows, float[] scores) {
    if (rows < 1
        || values.length < (long) rows * features
        || scores.length < (long) rows * groups) {
      throw new IllegalArgumentException(
          "%d rows in %d values, to %d scores".formatted(rows, values.length, scores.length));
    }
    var scratch = SCRATCH.get();
    if (scratch.left.length < 2 * threshold.limit()) scratch.left = new long[2 * threshold.limit()];
    if (scratch.sums.length < ROWS * groups) scratch.sums = new float[ROWS * groups];
    for (int start = 0; start < rows; start += ROWS) {
      int count = Math.min(ROWS, rows - start);
      compare(values, start, count, scratch.left);
      Arrays.fill(scratch.sums, 0, ROWS * groups, base);
      long all = -1L >>> ROWS - count;
      for (int i = 0; i < tree.limit(); i++) walk(i, all, scratch);
      for (int row = 0; row < count; row++) {
        for (int g = 0; g < groups; g++) {
          scores[(start + row) * groups + g] = scratch.sums[g * ROWS + row];
        }
      }
    }
  }

  /** Computes the set of rows that go left at each threshold. */
  private void compare(float[] values, int start, int count, long[] left) {
    for (int feature = 0; feature < features; feature++) {
      int first = firstThreshold.get(feature);
      int end = firstThreshold.get(feature + 1);
      if (first == end) continue;
      for (int i = first; i < end; i++) left[2 * i] = 0;
      long absent = 0;
      float before = Float.NaN;
      int above = end;
      int at = start * features + feature;
      for (int row = 0; row < count; row++, at += features) {
        float value = values[at];
        if (value != value) {
          absent |= 1L << row;
          continue;
        }
        if (value != before)
          above = firstAbove(value, first, end); // candidates have many equal values
        if (above < end) left[2 * above] |= 1L << row;
        before = value;
      }
      long below = 0;
      for (int i = first; i < end; i++) {
        below |= left[2 * i];
        left[2 * i] = below;
        left[2 * i + 1] = below | absent;
      }
    }
  }

  /** The first threshold greater than {@code value}, or {@code end}. */
  private int firstAbove(float value, int first, int end) {
    int low = first;
    int length = end - first;
    while (length > 0) {
      int half = length >>> 1;
      boolean reached = threshold.get(low + half) <= value;
      low = reached ? low + half + 1 : low;
      length = reached ? length - half - 1 : half;
    }
    return low;
  }

  private void walk(int index, long all, Scratch scratch) {
    var left = scratch.left;
    var sums = scratch.sums;
    int sum = group.get(index) * ROWS;
    int root = tree.get(index);
    int at = root >>> 1;
    boolean leaf = (root & 1) != 0;
    long set = all;
    int waiting = 0;
    while (true) {
      int word = words.get(at);
      if (leaf) {
        float value = Float.intBitsToFloat(word);
        for (long rows = set; rows != 0; rows &= rows - 1) {
          sums[sum + Long.numberOfTrailingZeros(rows)] += value;
        }
        if (waiting == 0) return;
        at = scratch.at[--waiting];
        leaf = (at & 1) != 0;
        at >>>= 1;
        set = scratch.set[waiting];
        continue;
      }
      long goLeft = set & left[word & TEST];
      long goRight = set ^ goLeft;
      int right = at + (word >>> SKIP_SHIFT);
      if (goLeft == 0) {
        at = right;
        leaf = (word & RIGHT_LEAF) != 0;
        continue;
      }
      if (goRight != 0) {
        if (waiting == scratch.at.length) {
          scratch.at = Arrays.copyOf(scratch.at, 2 * waiting);
          scratch.set = Arrays.copyOf(scratch.set, 2 * waiting);
        }
        scratch.at[waiting] = right << 1 | (word & RIGHT_LEAF) >>> 16;
        scratch.set[waiting++] = goRight;
      }
      at++;
      leaf = (word & LEFT_LEAF) != 0;
      set = goLeft;
    }
  }

  /**
   * Shares the difference of the scores of two rows out among the features: the Shapley values of
   * the first row with the second as the only reference (interventional, Lundberg et al. 2020), so
   * that they add up to the difference of the scores. For one score per row.
   *
   * @param effects receives one by feature
   */
  public void attribute(float[] first, float[] second, double[] effects) {
    Arrays.fill(effects, 0, features, 0);
    var sides = new Sides(features, effects);
    for (int i = 0; i < tree.limit(); i++) {
      attribute(tree.get(i) >>> 1, (tree.get(i) & 1) != 0, first, second, sides);
    }
  }

  private void attribute(int at, boolean leaf, float[] first, float[] second, Sides sides) {
    int word = words.get(at);
    if (leaf) {
      sides.add(Float.intBitsToFloat(word));
      return;
    }
    int index = (word & TEST) >>> 1;
    boolean absentLeft = (word & 1) != 0;
    int feature = featureOf(index);
    boolean firstLeft = goesLeft(first[feature], index, absentLeft);
    boolean secondLeft = goesLeft(second[feature], index, absentLeft);
    branch(
        true,
        at + 1,
        (word & LEFT_LEAF) != 0,
        feature,
        firstLeft,
        secondLeft,
        first,
        second,
        sides);
    int right = at + (word >>> SKIP_SHIFT);
    branch(
        false,
        right,
        (word & RIGHT_LEAF) != 0,
        feature,
        firstLeft,
        secondLeft,
        first,
        second,
        sides);
  }

  private void branch(
      boolean left,
      int child,
      boolean leaf,
      int feature,
      boolean firstLeft,
      boolean secondLeft,
      float[] first,
      float[] second,
      Sides sides) {
    boolean firstHere = firstLeft == left;
    boolean secondHere = secondLeft == left;
    if (firstHere == secondHere) {
      if (firstHere) attribute(child, leaf, first, second, sides);
      return;
    }
    byte side = firstHere ? Sides.FIRST : Sides.SECOND;
    byte before = sides.of[feature];
    if (before != 0 && before != side) return; // neither row nor a mix of both comes here
    if (before == 0) sides.enter(feature, side);
    attribute(child, leaf, first, second, sides);
    if (before == 0) sides.leave(feature);
  }

  private boolean goesLeft(float value, int index, boolean absentLeft) {
    return value != value ? absentLeft : value < threshold.get(index);
  }

  private int featureOf(int index) {
    int low = 0;
    int high = features;
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (firstThreshold.get(middle) <= index) low = middle;
      else high = middle;
    }
    return low;
  }

  /** The features on the way to a leaf that must have the value of one row or of the other. */
  private static final class Sides {
    static final byte FIRST = 1;
    static final byte SECOND = 2;

    final byte[] of;
    private final double[] effects;
    private int first;
    private int second;

    Sides(int features, double[] effects) {
      of = new byte[features];
      this.effects = effects;
    }

    void enter(int feature, byte side) {
      of[feature] = side;
      if (side == FIRST) first++;
      else second++;
    }

    void leave(int feature) {
      if (of[feature] == FIRST) first--;
      else second--;
      of[feature] = 0;
    }

    /** Adds a leaf: every order in which the features of the first row come in counts alike. */
    void add(float value) {
      if (first + second == 0) return;
      double orders = 1; // (first + second choose first)
      for (int i = 1; i <= first; i++) orders = orders * (second + i) / i;
      for (int feature = 0; feature < of.length; feature++) {
        if (of[feature] == FIRST) effects[feature] += value / (orders * first);
        else if (of[feature] == SECOND) effects[feature] -= value / (orders * second);
      }
    }
  }

  /** Does nothing: the owner frees the mapping. */
  @Override
  public void close() {}
}
