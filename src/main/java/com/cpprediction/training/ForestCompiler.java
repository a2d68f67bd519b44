package com.cpprediction.training;

import com.cpprediction.model.format.Forest;
import com.cpprediction.model.format.ModelException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import ml.dmlc.xgboost4j.java.Booster;
import ml.dmlc.xgboost4j.java.XGBoost;
import ml.dmlc.xgboost4j.java.XGBoostError;

/**
 * Compiles a model of XGBoost 3.0 to a {@link Forest}. Reads XGBoost's JSON
 * (https://xgboost.readthedocs.io/en/release_3.0.0/tutorials/saving_model.html); unsupported
 * features are refused by name.
 */
final class ForestCompiler {
  private static final int MAJOR = 3;

  /** Objectives whose base score is a margin. */
  private static final Set<String> IDENTITY =
      Set.of("reg:squarederror", "multi:softprob", "multi:softmax", "rank:pairwise", "rank:ndcg");

  /** Objectives whose base score is a probability; the margin starts at its log-odds. */
  private static final Set<String> LOGIT =
      Set.of("binary:logistic", "binary:logitraw", "reg:logistic");

  private final List<Tree> trees;
  private final int features;
  private final int groups;
  private final float base;
  private final List<TreeSet<Float>> thresholds = new ArrayList<>();
  private final List<Integer> words = new ArrayList<>();
  private int[] firstThreshold;

  /** Nodes of one tree in XGBoost's layout: arrays by node; a leaf has no left child. */
  private record Tree(
      int group, int[] left, int[] right, int[] feature, float[] value, int[] defaultLeft) {
    static Tree of(JsonObject json, int group) {
      if (json.getJsonArray("split_type").stream()
          .anyMatch(type -> ((Number) type).intValue() != 0)) {
        throw new ModelException(
            "the ranker splits on categories; train it on numbers, a forest knows no others");
      }
      if (!"1".equals(json.getJsonObject("tree_param").getString("size_leaf_vector", "1"))) {
        throw new ModelException("the ranker has leaves of several values; train a tree per value");
      }
      return new Tree(
          group,
          ints(json.getJsonArray("left_children")),
          ints(json.getJsonArray("right_children")),
          ints(json.getJsonArray("split_indices")),
          floats(json.getJsonArray("split_conditions")),
          ints(json.getJsonArray("default_left")));
    }

    boolean isLeaf(int node) {
      return left[node] < 0;
    }
  }

  private ForestCompiler(JsonObject learner) {
    var booster = learner.getJsonObject("gradient_booster");
    if (!"gbtree".equals(booster.getString("name"))) {
      throw new ModelException(
          "the ranker is a " + booster.getString("name") + "; a forest is made of gbtree only");
    }
    var parameters = learner.getJsonObject("learner_model_param");
    features = Integer.parseInt(parameters.getString("num_feature"));
    groups = Math.max(1, Integer.parseInt(parameters.getString("num_class")));
    base =
        base(
            learner.getJsonObject("objective").getString("name"),
            parameters.getString("base_score"));
    var model = booster.getJsonObject("model");
    var info = ints(model.getJsonArray("tree_info"));
    var json = model.getJsonArray("trees");
    trees =
        IntStream.range(0, info.length)
            .mapToObj(i -> Tree.of(json.getJsonObject(i), info[i]))
            .toList();
    collectThresholds();
  }

  /**
   * @param ubj model in XGBoost's UBJSON, from a trusted source: a corrupt one crashes the process
   * @param votes of the n-grams that its features are made of; none where there are no such
   * @return the bytes of a {@link Forest}
   * @throws ModelException when a forest can't represent the model
   */
  static byte[] compile(byte[] ubj, float... votes) {
    try {
      Booster booster = XGBoost.loadModel(new ByteArrayInputStream(ubj));
      try {
        var json = new JsonObject(Buffer.buffer(booster.toByteArray("json")));
        return new ForestCompiler(learner(json)).compile(votes);
      } finally {
        booster.dispose();
      }
    } catch (NumberFormatException
        | ClassCastException
        | NullPointerException
        | DecodeException e) {
      throw new ModelException("the ranker's JSON is not XGBoost 3's: " + e, e);
    } catch (XGBoostError | IOException e) {
      throw new ModelException("XGBoost cannot read the ranker: " + e.getMessage(), e);
    }
  }

  private static JsonObject learner(JsonObject model) {
    var version = model.getJsonArray("version");
    if (version.getInteger(0) != MAJOR) {
      throw new ModelException(
          "the ranker is of XGBoost " + version + ", this reads version " + MAJOR);
    }
    return model.getJsonObject("learner");
  }

  private static float base(String objective, String score) {
    float base = Float.parseFloat(score);
    if (IDENTITY.contains(objective)) return base;
    if (LOGIT.contains(objective)) return (float) -StrictMath.log(1f / base - 1f);
    throw new ModelException(
        "the ranker's objective is " + objective + ", whose base score a forest doesn't know");
  }

  private byte[] compile(float[] votes) {
    var roots = new int[trees.size()];
    for (int i = 0; i < roots.length; i++) {
      roots[i] = words.size() << 1 | (trees.get(i).isLeaf(0) ? 1 : 0);
      add(trees.get(i), 0);
    }
    if (words.size() > Forest.MAX_WORDS) {
      throw new ModelException(
          "the ranker has %d nodes, a forest can hold %d; train it with fewer trees"
              .formatted(words.size(), Forest.MAX_WORDS));
    }
    int count = firstThreshold[features];
    int length = 7 + firstThreshold.length + count + 2 * roots.length + words.size() + votes.length;
    var out = ByteBuffer.allocate(length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(features).putInt(groups).putInt(roots.length).putInt(count).putInt(words.size());
    out.putInt(votes.length).putFloat(base);
    for (int first : firstThreshold) out.putInt(first);
    for (var own : thresholds) own.forEach(out::putFloat);
    for (int root : roots) out.putInt(root);
    for (var tree : trees) out.putInt(tree.group());
    words.forEach(out::putInt);
    for (float vote : votes) out.putFloat(vote);
    return out.array();
  }

  private void collectThresholds() {
    for (int i = 0; i < features; i++) thresholds.add(new TreeSet<>());
    for (var tree : trees) {
      for (int node = 0; node < tree.left().length; node++) {
        if (!tree.isLeaf(node)) thresholds.get(tree.feature()[node]).add(tree.value()[node] + 0f);
      }
    }
    firstThreshold = new int[features + 1];
    for (int i = 0; i < features; i++) {
      firstThreshold[i + 1] = firstThreshold[i] + thresholds.get(i).size();
    }
    if (firstThreshold[features] > Forest.MAX_THRESHOLDS) {
      throw new ModelException(
          "the ranker has %d thresholds, a forest can hold %d; train it with fewer bins"
              .formatted(firstThreshold[features], Forest.MAX_THRESHOLDS));
    }
  }

  private void add(Tree tree, int node) {
    if (tree.isLeaf(node)) {
      words.add(Float.floatToRawIntBits(tree.value()[node]));
      return;
    }
    int at = words.size();
    words.add(0);
    add(tree, tree.left()[node]);
    int skip = words.size() - at;
    if (skip > Forest.MAX_SKIP) {
      throw new ModelException("the ranker has a tree too large for a forest; train it less deep");
    }
    add(tree, tree.right()[node]);
    int feature = tree.feature()[node];
    int threshold =
        firstThreshold[feature] + thresholds.get(feature).headSet(tree.value()[node] + 0f).size();
    words.set(
        at,
        Forest.node(
            threshold,
            tree.defaultLeft()[node] != 0,
            tree.isLeaf(tree.left()[node]),
            tree.isLeaf(tree.right()[node]),
            skip));
  }

  private static int[] ints(JsonArray array) {
    return array.stream()
        .mapToInt(n -> n instanceof Boolean b ? (b ? 1 : 0) : ((Number) n).intValue())
        .toArray();
  }

  private static float[] floats(JsonArray array) {
    var out = new float[array.size()];
    for (int i = 0; i < out.length; i++) out[i] = array.getFloat(i);
    return out;
  }
}
