package com.cpprediction.training;

import com.cpprediction.model.NativeLibrary;
import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.ModelException.Reason;
import java.util.List;
import java.util.Map;
import ml.dmlc.xgboost4j.java.Booster;
import ml.dmlc.xgboost4j.java.DMatrix;
import ml.dmlc.xgboost4j.java.XGBoost;
import ml.dmlc.xgboost4j.java.XGBoostError;
import org.jspecify.annotations.Nullable;

/**
 * Trains the ranker of all prefixes: gradient-boosted trees under a listwise softmax over the
 * candidates of each query (ListNet, Cao et al. 2007, with one relevant candidate): gradient p − y,
 * Hessian p (1 − p).
 */
final class RankerTrainer {
  /** Boosting rounds. */
  static final int ROUNDS = 120;

  // Independent of the machine: the order of the sums, and so the model, depends on it.
  private static final int THREADS = 2;
  private static final float LEAST_HESSIAN = 1e-6f;

  private RankerTrainer() {}

  /**
   * @param rankings at least one of them with a query
   * @param round called after each boosting round
   * @return the model in XGBoost's UBJSON
   */
  static byte[] train(List<Ranking> rankings, long seed, Runnable round) {
    int rows = rankings.stream().mapToInt(Ranking::candidates).sum();
    int groups = rankings.stream().mapToInt(Ranking::groups).sum();
    var queries = new QueryGroups(rankings, rows, groups);
    DMatrix matrix = null;
    Booster booster = null;
    try {
      matrix = new DMatrix(queries.features, rows, Features.COUNT, Float.NaN);
      queries.features = null; // XGBoost has its own copy
      var labels = new float[rows];
      for (int right : queries.right) labels[right] = 1;
      matrix.setLabel(labels);
      booster = XGBoost.train(matrix, parameters(seed), 0, Map.of(), null, null);
      var gradient = new float[rows];
      var hessian = new float[rows];
      for (int i = 0; i < ROUNDS; i++) {
        queries.gradients(booster.predict(matrix, true), gradient, hessian);
        booster.boost(matrix, i, gradient, hessian);
        round.run();
      }
      return booster.toByteArray("ubj");
    } catch (XGBoostError e) {
      throw new IllegalStateException("XGBoost cannot train the ranker", e);
    } catch (LinkageError e) {
      throw new ModelException(Reason.UNREADABLE, NativeLibrary.describe(e), e);
    } finally {
      if (booster != null) booster.dispose();
      if (matrix != null) matrix.dispose();
    }
  }

  private static Map<String, Object> parameters(long seed) {
    return Map.ofEntries(
        Map.entry("tree_method", "hist"),
        Map.entry("max_depth", 6),
        Map.entry("eta", 0.15),
        Map.entry("min_child_weight", 20),
        Map.entry("subsample", 0.8),
        Map.entry("colsample_bytree", 0.7),
        Map.entry("max_bin", 128),
        Map.entry("base_score", 0),
        Map.entry("seed", seed),
        Map.entry("nthread", THREADS));
  }

  /** Candidates of all prefixes, concatenated. */
  private static final class QueryGroups {
    private float @Nullable [] features;
    private final int[] end;
    private final int[] right;

    QueryGroups(List<Ranking> rankings, int rows, int groups) {
      features = new float[Math.multiplyExact(rows, Features.COUNT)];
      end = new int[groups];
      right = new int[groups];
      int row = 0;
      int group = 0;
      for (var ranking : rankings) {
        ranking.moveTo(features, row * Features.COUNT);
        for (int i = 0; i < ranking.groups(); i++) {
          end[group] = row + ranking.groupEnd(i);
          right[group++] = row + ranking.right(i);
        }
        row += ranking.candidates();
      }
    }

    void gradients(float[][] scores, float[] gradient, float[] hessian) {
      int start = 0;
      for (int group = 0; group < end.length; group++) {
        float highest = Float.NEGATIVE_INFINITY;
        for (int i = start; i < end[group]; i++) highest = Math.max(highest, scores[i][0]);
        double sum = 0;
        for (int i = start; i < end[group]; i++) sum += Math.exp(scores[i][0] - highest);
        for (int i = start; i < end[group]; i++) {
          float p = (float) (Math.exp(scores[i][0] - highest) / sum);
          gradient[i] = i == right[group] ? p - 1 : p;
          hessian[i] = Math.max(p * (1 - p), LEAST_HESSIAN);
        }
        start = end[group];
      }
    }
  }
}
