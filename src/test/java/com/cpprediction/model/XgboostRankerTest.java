package com.cpprediction.model;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.Ranker;
import com.cpprediction.training.SmallRelease;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import ml.dmlc.xgboost4j.java.DMatrix;
import ml.dmlc.xgboost4j.java.XGBoost;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class XgboostRankerTest {
  @TempDir Path dir;

  private static Path file() {
    return SmallRelease.directory().resolve("ranker.ubj").toAbsolutePath();
  }

  private static float[] score(Ranker ranker, float[] features, int rows) {
    var scores = new float[rows];
    ranker.score(features, rows, scores);
    return scores;
  }

  @ParameterizedTest(name = "{0} rows")
  @ValueSource(ints = {1, 2, 17, 2000})
  void scoresAreThoseOfXgboostItself(int rows) throws Exception {
    var features = features(rows);
    var booster = XGBoost.loadModel(file().toString());
    var matrix = new DMatrix(features, rows, Features.COUNT, Float.NaN);
    try (var ranker = XgboostRanker.load(file())) {
      var scores = score(ranker, features, rows);

      var expected = booster.predict(matrix);
      assertThat(scores).hasSize(rows);
      for (int i = 0; i < rows; i++) assertThat(scores[i]).isCloseTo(expected[i][0], within(1e-6f));
    } finally {
      matrix.dispose();
      booster.dispose();
    }
  }

  @Test
  void aRowScoresTheSameAloneAndAmongOthers() throws IOException {
    int rows = 50;
    var features = features(rows);
    try (var ranker = XgboostRanker.load(file())) {
      var together = score(ranker, features, rows);

      for (int row = 0; row < rows; row++) {
        var alone = new float[Features.COUNT];
        System.arraycopy(features, row * Features.COUNT, alone, 0, Features.COUNT);
        assertThat(score(ranker, alone, 1)).containsExactly(together[row]);
      }
      assertThat(score(ranker, features, 3)).containsExactly(together[0], together[1], together[2]);
    }
  }

  static Stream<Arguments> tooFewValues() {
    int row = Features.COUNT;
    return Stream.of(
        arguments(0, row),
        arguments(-1, row),
        arguments(1, row - 1),
        arguments(2, 2 * row - 1),
        arguments(1, 0),
        arguments(Integer.MAX_VALUE, row));
  }

  @ParameterizedTest(name = "{0} rows in {1} values")
  @MethodSource("tooFewValues")
  void rowsThatAreNotInTheArrayAreRefused(int rows, int values) throws IOException {
    try (var ranker = XgboostRanker.load(file())) {
      assertThatThrownBy(
              () ->
                  ranker.score(new float[values], rows, new float[Math.max(0, Math.min(rows, 9))]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(rows + " rows in " + values + " values");
    }
  }

  static IntStream otherWidths() {
    return IntStream.of(3, Features.COUNT - 1, Features.COUNT + 1);
  }

  @ParameterizedTest(name = "{0} columns")
  @MethodSource("otherWidths")
  void aModelOfAnotherWidthIsRefused(int columns) throws Exception {
    var matrix = new DMatrix(new float[4 * columns], 4, columns, Float.NaN);
    matrix.setLabel(new float[] {0, 1, 0, 1});
    var booster = XGBoost.train(matrix, Map.of("nthread", 1), 1, Map.of(), null, null);
    var other = Files.write(dir.resolve("other.ubj"), booster.toByteArray("ubj"));
    booster.dispose();
    matrix.dispose();

    assertThatThrownBy(() -> XgboostRanker.load(other))
        .isInstanceOf(ModelException.class)
        .hasMessage("ranker has %d columns, must have %d", columns, Features.COUNT);
  }

  @Test
  void aMissingFileIsRefused() {
    assertThatThrownBy(() -> XgboostRanker.load(dir.resolve("none.ubj").toAbsolutePath()))
        .isInstanceOfAny(IOException.class, ModelException.class);
  }

  @Test
  void aClosedOneRefusesToScore() throws IOException {
    var ranker = XgboostRanker.load(file());
    score(ranker, new float[Features.COUNT], 1);

    ranker.close();
    ranker.close();

    assertThatThrownBy(() -> score(ranker, new float[Features.COUNT], 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the ranker is closed");
  }

  @RepeatedTest(8)
  void closingWaitsForThoseThatScore() throws Exception {
    var ranker = XgboostRanker.load(file());
    int rows = 200;
    var features = features(rows);
    var expected = score(ranker, features, rows);
    var scoring = new CountDownLatch(4);
    Callable<Long> untilClosed =
        () -> {
          for (long scored = 0; ; scored++) {
            try {
              assertThat(score(ranker, features, rows)).isEqualTo(expected);
            } catch (IllegalStateException e) {
              assertThat(e).hasMessage("the ranker is closed");
              return scored;
            }
            scoring.countDown();
          }
        };
    var pool = Executors.newFixedThreadPool(4);
    try {
      var scorers = new ArrayList<Future<Long>>();
      for (int i = 0; i < 4; i++) scorers.add(pool.submit(untilClosed));
      assertThat(scoring.await(60, SECONDS)).isTrue();

      ranker.close();

      for (var scorer : scorers) assertThat(scorer.get(60, SECONDS)).isNotNegative();
    } finally {
      pool.shutdownNow();
    }
  }

  /** Rows such as addresses have, some values absent. */
  private static float[] features(int rows) {
    var random = new Random(11);
    var features = new float[rows * Features.COUNT];
    for (int i = 0; i < features.length; i++) {
      features[i] =
          switch (random.nextInt(6)) {
            case 0 -> Float.NaN;
            case 1 -> -1;
            case 2 -> random.nextInt(100);
            default -> random.nextFloat();
          };
    }
    return features;
  }
}
