package com.cpprediction.model.format;

import com.cpprediction.json.Digests;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A forest of regression trees. The scores equal XGBoost's bit by bit: {@code <} on float32,
 * missing values (NaN) take the default branch, leaves are added in float32 in the order of the
 * trees, starting from the base score.
 *
 * <p>Rows are scored in blocks of 64. Each value is replaced by an integer of the same order; then
 * each row passes four trees at once. The next node is computed from a difference without a branch,
 * and a row takes as many steps as the deepest of the trees is deep, since a leaf is its own child:
 * no branch is mispredicted, and the processor overlaps the four paths. All rows of a block pass
 * the four trees before the next four, which then are in the processor's first cache.
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

  /** Maximum number of features. */
  public static final int MAX_FEATURES = 1 << 13;

  /** Maximum number of scores per row. */
  public static final int MAX_GROUPS = 1 << 10;

  /** Maximum number of nodes and leaves. */
  public static final int MAX_WORDS = 1 << 17;

  /** Maximum distance in words from a node to its right child. */
  public static final int MAX_SKIP = (1 << 15) - 1;

  private static final float MOST_SCORE = 1e6f;

  // Of a word of the file.
  private static final int TEST = 0x7fff;
  private static final int LEFT_LEAF = 1 << 15;
  private static final int RIGHT_LEAF = 1 << 16;
  private static final int SKIP_SHIFT = 17;

  // Of a node in memory: its left child, with the right one next to it; the column of its value's
  // key; one less than the key of its threshold.
  private static final int CHILD_BITS = 17;
  private static final int CHILD = (1 << CHILD_BITS) - 1;
  private static final int COLUMN_BITS = 14;
  private static final int COLUMN = (1 << COLUMN_BITS) - 1;
  private static final int KEY_SHIFT = CHILD_BITS + COLUMN_BITS;

  // Keys of missing values that go left and right, and of leaves: a leaf goes left, to itself.
  private static final int ABSENT_LEFT = Integer.MIN_VALUE;
  private static final int ABSENT_RIGHT = Integer.MAX_VALUE - 1;
  private static final int LEAF = Integer.MAX_VALUE;

  private static final int HEADER = 7 * Integer.BYTES;
  private static final int ROWS = 64;
  private static final int TOGETHER = 4; // trees that a row passes at once

  /**
   * Maximum depth in nodes: each level shortens the distance to the right child by at least one.
   */
  private static final int DEPTH = MAX_SKIP + 1;

  private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

  private final ByteBuffer section;
  private final int features;
  private final int groups;
  private final float base;
  private final int[] firstThreshold; // of each feature, and the number of all
  private final float[] threshold;
  private final long[] nodes;
  private final float[] leaves; // by node
  private final int[] roots; // by tree
  private final int[] depths; // by tree, in steps; of trees that are passed at once, the deepest
  private final int[] group; // by tree
  private final GramVotes votes;

  /** Buffers of a thread. */
  private static final class Scratch {
    long[] keys = {}; // by row, two of each feature: with missing values going right, and left
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
            && features <= MAX_FEATURES
            && groups > 0
            && groups <= MAX_GROUPS
            && trees >= groups
            && thresholds >= 0
            && thresholds <= MAX_THRESHOLDS
            && wordCount >= trees
            && wordCount <= MAX_WORDS
            && (voteCount == 0 || voteCount == GramVotes.WEIGHTS);
    long length =
        HEADER + Integer.BYTES * (features + 1L + thresholds + 2L * trees + wordCount + voteCount);
    if (!counts || length != bytes.limit()) throw damaged("has sizes that don't fit");
    if (!isScore(base)) throw damaged("has no base score");
    firstThreshold = ints(bytes, features + 1);
    threshold = new float[thresholds];
    take(bytes, thresholds).asFloatBuffer().get(threshold);
    var tree = ints(bytes, trees);
    group = ints(bytes, trees);
    var words = ints(bytes, wordCount);
    votes = voteCount == 0 ? GramVotes.NONE : GramVotes.of(take(bytes, voteCount).asFloatBuffer());
    checkThresholds();
    checkTrees(tree, words);
    nodes = new long[wordCount];
    leaves = new float[wordCount];
    roots = new int[trees];
    depths = new int[trees];
    placeNodes(tree, words);
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

  private static int[] ints(ByteBuffer bytes, int count) {
    var ints = new int[count];
    take(bytes, count).asIntBuffer().get(ints);
    return ints;
  }

  private void checkThresholds() {
    if (firstThreshold[0] != 0 || firstThreshold[features] != threshold.length) {
      throw damaged("has thresholds of no feature");
    }
    for (int feature = 0; feature < features; feature++) {
      int first = firstThreshold[feature];
      int end = firstThreshold[feature + 1];
      if (end < first || end > threshold.length) throw damaged("has thresholds of no feature");
      for (int i = first; i < end; i++) {
        boolean ascends = i == first || threshold[i - 1] < threshold[i];
        if (!ascends || Float.isNaN(threshold[i])) throw damaged("has unsorted thresholds");
      }
    }
  }

  /** Checks that every word is part of exactly one tree, so that each path ends within bounds. */
  private void checkTrees(int[] tree, int[] words) {
    int next = 0;
    var ends = new int[DEPTH]; // ends of the subtrees whose right child is not visited yet
    for (int i = 0; i < tree.length; i++) {
      if (tree[i] >>> 1 != next) throw damaged("has trees that overlap");
      if (group[i] < 0 || group[i] >= groups) throw damaged("has a tree of no group");
      next = endOfTree(next, (tree[i] & 1) != 0, words, ends);
    }
    if (next != words.length) throw damaged("has words of no tree");
  }

  private int endOfTree(int root, boolean rootIsLeaf, int[] words, int[] pending) {
    int depth = 0;
    int at = root;
    boolean leaf = rootIsLeaf;
    while (true) {
      if (at >= words.length) throw damaged("has a tree that ends too late");
      int word = words[at];
      if (!leaf) {
        if ((word & TEST) >>> 1 >= threshold.length || depth == pending.length) {
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
      if (parent + (words[parent] >>> SKIP_SHIFT) != at) {
        throw damaged("has a node without its right child");
      }
      leaf = (words[parent] & RIGHT_LEAF) != 0;
    }
  }

  /** Copies the trees, each level by level, so that siblings are neighbours. */
  private void placeNodes(int[] tree, int[] words) {
    var word = new int[nodes.length]; // of each node, doubled, plus one of a leaf: as in "tree"
    int end = 0;
    for (int i = 0; i < tree.length; i++) {
      int node = end;
      roots[i] = node;
      word[end++] = tree[i];
      for (int endOfLevel = end; node < end; node++) {
        if (node == endOfLevel) {
          depths[i]++;
          endOfLevel = end;
        }
        int at = word[node] >>> 1;
        int content = words[at];
        if ((word[node] & 1) != 0) {
          leaves[node] = Float.intBitsToFloat(content);
          nodes[node] = (long) LEAF << KEY_SHIFT | node;
          continue;
        }
        nodes[node] = inner(content, end);
        word[end++] = at + 1 << 1 | (content & LEFT_LEAF) / LEFT_LEAF;
        word[end++] = at + (content >>> SKIP_SHIFT) << 1 | (content & RIGHT_LEAF) / RIGHT_LEAF;
      }
    }
    for (int i = 0; i + TOGETHER <= depths.length; i += TOGETHER) {
      for (int k = 1; k < TOGETHER; k++) depths[i] = Math.max(depths[i], depths[i + k]);
    }
  }

  private long inner(int word, int child) {
    int index = (word & TEST) >>> 1;
    long column = 2 * featureOf(index) + (word & 1);
    return key(threshold[index]) - 1L << KEY_SHIFT | column << CHILD_BITS | child;
  }

  /** An integer that is less than that of another number where the number is. */
  private static int key(float value) {
    int bits = Float.floatToRawIntBits(value + 0f); // no -0
    return bits ^ bits >> Integer.SIZE - 1 & Integer.MAX_VALUE;
  }

  /** The number of a key. */
  private static float value(int key) {
    return Float.intBitsToFloat(key ^ key >> Integer.SIZE - 1 & Integer.MAX_VALUE);
  }

  private int featureOf(int index) {
    int low = 0;
    int high = features;
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (firstThreshold[middle] <= index) low = middle;
      else high = middle;
    }
    return low;
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
    return roots.length;
  }

  /** The thresholds of a feature, ascending. */
  public float[] thresholds(int feature) {
    return Arrays.copyOfRange(threshold, firstThreshold[feature], firstThreshold[feature + 1]);
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
    if (scratch.keys.length < 2 * ROWS * features) scratch.keys = new long[2 * ROWS * features];
    if (scratch.sums.length < ROWS * groups) scratch.sums = new float[ROWS * groups];
    for (int start = 0; start < rows; start += ROWS) {
      int count = Math.min(ROWS, rows - start);
      readKeys(values, start * features, count * features, scratch.keys);
      Arrays.fill(scratch.sums, 0, count * groups, base);
      int tree = 0;
      for (; tree + TOGETHER <= roots.length; tree += TOGETHER) walkFour(tree, count, scratch);
      for (; tree < roots.length; tree++) walk(tree, count, scratch);
      System.arraycopy(scratch.sums, 0, scores, start * groups, count * groups);
    }
  }

  private static void readKeys(float[] values, int from, int count, long[] keys) {
    for (int i = 0; i < count; i++) {
      float value = values[from + i];
      boolean absent = value != value;
      long key = key(value);
      keys[2 * i] = (absent ? ABSENT_RIGHT : key) << KEY_SHIFT;
      keys[2 * i + 1] = (absent ? ABSENT_LEFT : key) << KEY_SHIFT;
    }
  }

  /** Adds the leaves that each row reaches in four trees to its sums. */
  private void walkFour(int tree, int rows, Scratch scratch) {
    var keys = scratch.keys;
    var sums = scratch.sums;
    int depth = depths[tree];
    for (int row = 0; row < rows; row++) {
      int start = 2 * features * row;
      int a = roots[tree];
      int b = roots[tree + 1];
      int c = roots[tree + 2];
      int d = roots[tree + 3];
      for (int step = 0; step < depth; step++) {
        a = next(nodes[a], keys, start);
        b = next(nodes[b], keys, start);
        c = next(nodes[c], keys, start);
        d = next(nodes[d], keys, start);
      }
      int sum = row * groups;
      sums[sum + group[tree]] += leaves[a];
      sums[sum + group[tree + 1]] += leaves[b];
      sums[sum + group[tree + 2]] += leaves[c];
      sums[sum + group[tree + 3]] += leaves[d];
    }
  }

  private void walk(int tree, int rows, Scratch scratch) {
    int depth = depths[tree];
    for (int row = 0; row < rows; row++) {
      int at = roots[tree];
      for (int step = 0; step < depth; step++) {
        at = next(nodes[at], scratch.keys, 2 * features * row);
      }
      scratch.sums[row * groups + group[tree]] += leaves[at];
    }
  }

  /**
   * The child of a node that a row goes to: the right one where the node's key less the row's is
   * negative. They have 33 bits of 64, so that their difference does not overflow.
   */
  private static int next(long node, long[] keys, int start) {
    long difference = node - keys[start + ((int) (node >>> CHILD_BITS) & COLUMN)];
    return ((int) node & CHILD) + (int) (difference >>> Long.SIZE - 1);
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
    for (int root : roots) attribute(root, first, second, sides);
  }

  private void attribute(int at, float[] first, float[] second, Sides sides) {
    int left = (int) nodes[at] & CHILD;
    if (left == at) {
      sides.add(leaves[at]);
      return;
    }
    int column = (int) (nodes[at] >>> CHILD_BITS) & COLUMN;
    int feature = column >>> 1;
    boolean absentLeft = (column & 1) != 0;
    float limit = value((int) (nodes[at] >> KEY_SHIFT) + 1);
    boolean firstLeft = goesLeft(first[feature], limit, absentLeft);
    boolean secondLeft = goesLeft(second[feature], limit, absentLeft);
    branch(left, feature, firstLeft, secondLeft, first, second, sides);
    branch(left + 1, feature, !firstLeft, !secondLeft, first, second, sides);
  }

  /** Goes on at a child, to which the rows go or not. */
  private void branch(
      int child,
      int feature,
      boolean firstHere,
      boolean secondHere,
      float[] first,
      float[] second,
      Sides sides) {
    if (firstHere == secondHere) {
      if (firstHere) attribute(child, first, second, sides);
      return;
    }
    byte side = firstHere ? Sides.FIRST : Sides.SECOND;
    byte before = sides.of[feature];
    if (before != 0 && before != side) return; // neither row nor a mix of both comes here
    if (before == 0) sides.enter(feature, side);
    attribute(child, first, second, sides);
    if (before == 0) sides.leave(feature);
  }

  private static boolean goesLeft(float value, float limit, boolean absentLeft) {
    return value != value ? absentLeft : value < limit;
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
