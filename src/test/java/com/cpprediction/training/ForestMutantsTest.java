package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.model.format.Forest;
import com.cpprediction.model.format.ModelException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import ml.dmlc.xgboost4j.java.DMatrix;
import ml.dmlc.xgboost4j.java.XGBoost;
import ml.dmlc.xgboost4j.java.XGBoostError;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Damaged forests are refused or score within their bounds. */
class ForestMutantsTest {
  private static final int COLUMNS = 4;
  private static final int CLASSES = 3;
  private static final int ROWS = 70; // more than a block
  private static final int HEADER = 28;
  private static byte[] whole;

  /** Kinds of damage. */
  enum Damage {
    FLIPPED_BIT(ForestMutantsTest::flipBit),
    RANDOM_WORD(ForestMutantsTest::randomWord),
    HUGE_COUNT(ForestMutantsTest::hugeCount),
    ZEROED_RANGE(ForestMutantsTest::zeroRange),
    SWAPPED_WORDS(ForestMutantsTest::swapWords),
    REPEATED_RANGE(ForestMutantsTest::repeatRange);

    private final BiFunction<byte[], Random, byte[]> apply;

    Damage(BiFunction<byte[], Random, byte[]> apply) {
      this.apply = apply;
    }
  }

  @BeforeAll
  static void trainOne() throws XGBoostError {
    var random = new Random(5);
    var values = new float[400 * COLUMNS];
    var labels = new float[400];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextInt(5) == 0 ? Float.NaN : (float) random.nextGaussian();
    }
    for (int row = 0; row < labels.length; row++) {
      labels[row] = (values[row * COLUMNS] > 0 ? 1 : 0) + random.nextInt(2);
    }
    var matrix = new DMatrix(values, labels.length, COLUMNS, Float.NaN);
    matrix.setLabel(labels);
    var parameters =
        Map.<String, Object>of(
            "objective",
            "multi:softprob",
            "num_class",
            CLASSES,
            "max_depth",
            6,
            "max_bin",
            16,
            "nthread",
            1);
    var booster = XGBoost.train(matrix, parameters, 4, Map.of(), null, null);
    whole = ForestCompiler.compile(booster.toByteArray("ubj"));
    booster.dispose();
    matrix.dispose();
  }

  @ParameterizedTest
  @EnumSource
  void aDamagedForestIsRefusedOrScores(Damage damage) {
    var random = new Random(damage.ordinal());
    var outcomes = new HashMap<Boolean, Integer>();

    for (int i = 0; i < 700; i++) {
      var mutant = damage.apply.apply(whole.clone(), random);
      outcomes.merge(scores(mutant, random), 1, Integer::sum);
    }

    assertThat(outcomes).as("refused and admitted").containsOnlyKeys(false, true);
  }

  @Test
  void everyTruncatedForestIsRefused() {
    for (int length = 0; length < whole.length; length++) {
      var cut = ByteBuffer.wrap(Arrays.copyOf(whole, length));

      assertThatThrownBy(() -> Forest.of(cut)).isInstanceOf(ModelException.class);
    }
  }

  @Test
  void trailingBytesAreRefused() {
    for (int more = 1; more <= 8; more++) {
      var longer = ByteBuffer.wrap(Arrays.copyOf(whole, whole.length + more));

      assertThatThrownBy(() -> Forest.of(longer)).isInstanceOf(ModelException.class);
    }
  }

  @Test
  void randomBytesAreRefused() {
    var random = new Random(8);
    for (int i = 0; i < 2_000; i++) {
      var noise = new byte[random.nextInt(400)];
      random.nextBytes(noise);

      assertThatThrownBy(() -> Forest.of(ByteBuffer.wrap(noise)))
          .isInstanceOf(ModelException.class);
    }
  }

  @Test
  void aHugeHeaderTakesNoMemory() {
    for (int field = 0; field < 6; field++) {
      for (int value : new int[] {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 30, 1 << 28}) {
        var mutant = whole.clone();
        word(mutant).putInt(field * Integer.BYTES, value);

        assertThatThrownBy(() -> Forest.of(ByteBuffer.wrap(mutant)))
            .isInstanceOf(ModelException.class);
      }
    }
  }

  @Test
  void valuesWhoseSumsAreNoNumbersAreRefused() {
    int base = 6 * Integer.BYTES;
    int leaves = 0;
    for (int at = base; at < whole.length; at += Integer.BYTES) {
      var mutant = whole.clone();
      word(mutant).putFloat(at, 3e38f);
      try {
        Forest.of(ByteBuffer.wrap(mutant));
      } catch (ModelException e) {
        if (e.getMessage().contains(at == base ? "base score" : "leaf without value")) leaves++;
      }
    }

    assertThat(leaves).isGreaterThan(2);
  }

  /**
   * Whether the mutant is admitted; if so it has scored, within its own sizes. Anything thrown but
   * a {@link ModelException} fails the test.
   */
  private static boolean scores(byte[] mutant, Random random) {
    Forest forest;
    try {
      forest = Forest.of(ByteBuffer.wrap(mutant));
    } catch (ModelException e) {
      return false;
    }
    var rows = new float[ROWS * forest.features()];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = random.nextInt(5) == 0 ? Float.NaN : (float) random.nextGaussian();
    }
    forest.score(rows, ROWS, new float[ROWS * forest.groups()]);
    return true;
  }

  private static ByteBuffer word(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int anyWord(byte[] bytes, Random random) {
    return random.nextInt(bytes.length / Integer.BYTES) * Integer.BYTES;
  }

  private static byte[] flipBit(byte[] bytes, Random random) {
    bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
    return bytes;
  }

  private static byte[] randomWord(byte[] bytes, Random random) {
    word(bytes).putInt(anyWord(bytes, random), random.nextInt());
    return bytes;
  }

  private static byte[] hugeCount(byte[] bytes, Random random) {
    int at = random.nextInt((HEADER + 100) / Integer.BYTES) * Integer.BYTES;
    word(bytes).putInt(at, Integer.MAX_VALUE >>> random.nextInt(31));
    return bytes;
  }

  private static byte[] zeroRange(byte[] bytes, Random random) {
    int start = random.nextInt(bytes.length);
    Arrays.fill(bytes, start, Math.min(bytes.length, start + 1 + random.nextInt(64)), (byte) 0);
    return bytes;
  }

  private static byte[] swapWords(byte[] bytes, Random random) {
    int a = anyWord(bytes, random);
    int b = anyWord(bytes, random);
    int value = word(bytes).getInt(a);
    word(bytes).putInt(a, word(bytes).getInt(b)).putInt(b, value);
    return bytes;
  }

  private static byte[] repeatRange(byte[] bytes, Random random) {
    int length = Math.min(bytes.length, 4 * (1 + random.nextInt(32)));
    int from = random.nextInt(bytes.length - length);
    int to = random.nextInt(bytes.length - length);
    System.arraycopy(bytes.clone(), from, bytes, to, length);
    return bytes;
  }
}
