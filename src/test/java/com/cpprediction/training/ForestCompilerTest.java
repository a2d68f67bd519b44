package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.model.format.Forest;
import com.cpprediction.model.format.GramVotes;
import com.cpprediction.model.format.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import ml.dmlc.xgboost4j.java.Booster;
import ml.dmlc.xgboost4j.java.DMatrix;
import ml.dmlc.xgboost4j.java.XGBoost;
import ml.dmlc.xgboost4j.java.XGBoostError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compiles small random models and compares their scores with XGBoost's. */
class ForestCompilerTest {
  private static final int TRAINED = 300;
  private static final int ASKED = 150;

  /** Training parameters of a random model. */
  private record Kind(String objective, int classes, int depth, int columns, double base) {
    static Kind of(Random random) {
      var objective =
          List.of("reg:squarederror", "binary:logistic", "multi:softprob").get(random.nextInt(3));
      return new Kind(
          objective,
          objective.startsWith("multi") ? 3 : 1,
          1 + random.nextInt(8),
          1 + random.nextInt(9),
          objective.startsWith("binary")
              ? 0.05 + 0.9 * random.nextDouble()
              : random.nextGaussian());
    }

    Map<String, Object> parameters(Random random) {
      var parameters = new HashMap<String, Object>();
      parameters.put("objective", objective);
      if (classes > 1) parameters.put("num_class", classes);
      parameters.put("max_depth", depth);
      parameters.put("base_score", base);
      parameters.put("eta", 0.1 + random.nextDouble());
      parameters.put("lambda", random.nextDouble());
      parameters.put("tree_method", List.of("hist", "exact", "approx").get(random.nextInt(3)));
      parameters.put("max_bin", 4 + random.nextInt(60));
      parameters.put("subsample", 0.6 + 0.4 * random.nextDouble());
      parameters.put("seed", random.nextInt(1000));
      parameters.put("nthread", 1);
      return parameters;
    }
  }

  @Test
  void votesLeaveTheScores() throws Exception {
    var random = new Random(4);
    var kind = new Kind("reg:squarederror", 1, 4, 3, 0.3);
    var booster = train(kind, random);
    try {
      var votes = new float[GramVotes.WEIGHTS];
      for (int i = 0; i < votes.length; i++) votes[i] = random.nextFloat();
      var model = booster.toByteArray("ubj");
      var without = Forest.of(ByteBuffer.wrap(ForestCompiler.compile(model)));
      var with = Forest.of(ByteBuffer.wrap(ForestCompiler.compile(model, votes)));
      var rows = questions(booster, kind.columns(), random);

      for (int i = 0; i < 20; i++) {
        var row = row(rows, i, kind.columns());
        var expected = new float[1];
        var scores = new float[1];
        without.score(row, 1, expected);
        with.score(row, 1, scores);
        assertThat(scores).isEqualTo(expected);
      }
      assertThat(with.sha256()).isNotEqualTo(without.sha256());
      assertThat(without.votes()).isSameAs(GramVotes.NONE);
      assertThat(with.votes()).isNotSameAs(GramVotes.NONE);
    } finally {
      booster.dispose();
    }
  }

  /** The Shapley values by their definition: over all subsets of the columns. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void sharesTheDifferenceOfTwoRowsOut(long seed) throws Exception {
    var random = new Random(seed);
    for (int model = 0; model < 10; model++) {
      var kind = new Kind("reg:squarederror", 1, 1 + random.nextInt(6), 1 + random.nextInt(7), 0.3);
      var booster = train(kind, random);
      try {
        var forest = Forest.of(ByteBuffer.wrap(ForestCompiler.compile(booster.toByteArray("ubj"))));
        var rows = questions(booster, kind.columns(), random);
        for (int i = 0; i < 10; i++) {
          var first = row(rows, 2 * i, kind.columns());
          var second = row(rows, 2 * i + 1, kind.columns());
          var effects = new double[kind.columns()];
          var reversed = new double[kind.columns()];

          forest.attribute(first, second, effects);
          forest.attribute(second, first, reversed);

          double sum = 0;
          for (int column = 0; column < effects.length; column++) {
            sum += effects[column];
            assertThat(effects[column])
                .isCloseTo(shapley(forest, first, second, column), within(1e-4));
            assertThat(reversed[column]).isCloseTo(-effects[column], within(1e-9));
          }
          assertThat(sum).isCloseTo(score(forest, first) - score(forest, second), within(1e-4));
        }
      } finally {
        booster.dispose();
      }
    }
  }

  private static double shapley(Forest forest, float[] first, float[] second, int column) {
    int columns = first.length;
    double value = 0;
    for (int subset = 0; subset < 1 << columns; subset++) {
      if ((subset >> column & 1) != 0) continue;
      var without = second.clone();
      for (int i = 0; i < columns; i++) if ((subset >> i & 1) != 0) without[i] = first[i];
      var with = without.clone();
      with[column] = first[column];
      int size = Integer.bitCount(subset);
      double weight = factorial(size) * factorial(columns - size - 1) / factorial(columns);
      value += weight * (score(forest, with) - score(forest, without));
    }
    return value;
  }

  private static double factorial(int n) {
    double product = 1;
    for (int i = 2; i <= n; i++) product *= i;
    return product;
  }

  private static float[] row(float[] rows, int row, int columns) {
    return Arrays.copyOfRange(rows, row * columns, (row + 1) * columns);
  }

  private static double score(Forest forest, float[] row) {
    var scores = new float[1];
    forest.score(row, 1, scores);
    return scores[0];
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void aForestScoresAsXgboost(long seed) throws Exception {
    var random = new Random(seed);
    for (int model = 0; model < 20; model++) {
      var kind = Kind.of(random);
      var booster = train(kind, random);
      try {
        var forest = Forest.of(ByteBuffer.wrap(ForestCompiler.compile(booster.toByteArray("ubj"))));
        var rows = questions(booster, kind.columns(), random);
        var expected = margins(booster, rows, kind.columns());
        var scores = new float[ASKED * kind.classes()];

        forest.score(rows, ASKED, scores);

        assertThat(forest.groups()).isEqualTo(kind.classes());
        assertThat(forest.features()).isEqualTo(kind.columns());
        assertThat(scores).as("%s", kind).containsExactly(expected, within(1e-5f));
      } finally {
        booster.dispose();
      }
    }
  }

  @Test
  void categoriesAreRefused() throws Exception {
    var random = new Random(7);
    var values = new float[TRAINED];
    var labels = new float[TRAINED];
    for (int i = 0; i < TRAINED; i++) {
      values[i] = random.nextInt(5);
      labels[i] = values[i] == 1 || values[i] == 4 ? 1 : 0;
    }
    var matrix = new DMatrix(values, TRAINED, 1, Float.NaN);
    matrix.setLabel(labels);
    matrix.setFeatureTypes(new String[] {"c"});
    var booster =
        XGBoost.train(
            matrix,
            Map.of("tree_method", "hist", "max_cat_to_onehot", 2, "nthread", 1),
            2,
            Map.of(),
            null,
            null);
    var ubj = booster.toByteArray("ubj");
    booster.dispose();
    matrix.dispose();

    assertThatThrownBy(() -> ForestCompiler.compile(ubj))
        .isInstanceOf(ModelException.class)
        .hasMessage(
            "the ranker splits on categories; train it on numbers, a forest knows no others");
  }

  @ParameterizedTest
  @CsvSource({
    "booster, gblinear, 'the ranker is a gblinear; a forest is made of gbtree only'",
    "booster, dart, 'the ranker is a dart; a forest is made of gbtree only'",
    "objective, count:poisson, 'the ranker''s objective is count:poisson, whose base score a forest"
        + " doesn''t know'",
  })
  void refusesUnsupportedFeaturesByName(String key, String value, String message) throws Exception {
    var matrix = new DMatrix(new float[] {1, 2, 3, 4}, 4, 1, Float.NaN);
    matrix.setLabel(new float[] {0, 1, 0, 1});
    var booster = XGBoost.train(matrix, Map.of(key, value, "nthread", 1), 1, Map.of(), null, null);
    var ubj = booster.toByteArray("ubj");
    booster.dispose();
    matrix.dispose();

    assertThatThrownBy(() -> ForestCompiler.compile(ubj))
        .isInstanceOf(ModelException.class)
        .hasMessage(message);
  }

  private static Booster train(Kind kind, Random random) throws XGBoostError {
    var values = new float[TRAINED * kind.columns()];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          random.nextInt(6) == 0
              ? Float.NaN
              : random.nextBoolean() ? (float) random.nextGaussian() : random.nextInt(4) - 1;
    }
    var labels = new float[TRAINED];
    for (int row = 0; row < TRAINED; row++) {
      float value = values[row * kind.columns()];
      int bucket = value != value ? 2 : value > 0.3 ? 1 : 0;
      labels[row] =
          switch (kind.objective()) {
            case "multi:softprob" -> (bucket + random.nextInt(2)) % 3;
            case "binary:logistic" -> (bucket + random.nextInt(2)) % 2;
            default -> bucket + (float) random.nextGaussian();
          };
    }
    var matrix = new DMatrix(values, TRAINED, kind.columns(), Float.NaN);
    try {
      matrix.setLabel(labels);
      return XGBoost.train(
          matrix, kind.parameters(random), 1 + random.nextInt(8), Map.of(), null, null);
    } finally {
      matrix.dispose();
    }
  }

  /** Rows on and next to thresholds, and random ones. */
  private static float[] questions(Booster booster, int columns, Random random)
      throws XGBoostError, IOException {
    var special =
        new ArrayList<>(List.of(0f, -0f, Float.MIN_VALUE, -Float.MIN_VALUE, 3e38f, -3e38f));
    var cuts = new TreeSet<Float>();
    for (var tree : booster.getModelDump((String) null, false, "text")) {
      var split = java.util.regex.Pattern.compile("<([^]]+)\\]").matcher(tree);
      while (split.find()) cuts.add(Float.parseFloat(split.group(1)));
    }
    for (float cut : cuts) special.addAll(List.of(cut, Math.nextUp(cut), Math.nextDown(cut)));
    var rows = new float[ASKED * columns];
    for (int i = 0; i < rows.length; i++) {
      rows[i] =
          switch (random.nextInt(4)) {
            case 0 -> Float.NaN;
            case 1 -> (float) random.nextGaussian();
            default -> special.get(random.nextInt(special.size()));
          };
    }
    return rows;
  }

  private static float[] margins(Booster booster, float[] rows, int columns) throws XGBoostError {
    var matrix = new DMatrix(rows, ASKED, columns, Float.NaN);
    try {
      var margins = booster.predict(matrix, true);
      var flat = new float[ASKED * margins[0].length];
      for (int i = 0; i < ASKED; i++) {
        System.arraycopy(margins[i], 0, flat, i * margins[0].length, margins[0].length);
      }
      return flat;
    } finally {
      matrix.dispose();
    }
  }

  @Test
  void theShippedSizeOfForestStaysSmall() throws IOException {
    var ubj = Files.readAllBytes(SmallRelease.directory().resolve("ranker.ubj"));

    var section = ForestCompiler.compile(ubj);

    assertThat(section.length).isLessThan(ubj.length / 4);
  }
}
