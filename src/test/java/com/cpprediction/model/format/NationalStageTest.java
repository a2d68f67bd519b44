package com.cpprediction.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.prediction.PrefixChances;
import com.cpprediction.training.SmallRelease;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

public class NationalStageTest {
  private static byte[] trained;

  @BeforeAll
  static void read() throws IOException {
    trained = Files.readAllBytes(SmallRelease.directory().resolve(NationalStage.FILE));
  }

  @ParameterizedTest
  @CsvSource({
    "gandhi nagar jammu, 180",
    "kadri hills mangalore, 575",
    "raigarh chhattisgarh, 496",
    "ambikapur surguja, 497"
  })
  void predictsThePrefixFromWords(String text, String prefix) {
    var stage = NationalStage.of(ByteBuffer.wrap(trained));
    if (!stage.prefixes().contains(prefix)) return;

    var located = stage.locate(text);

    assertThat(best(located)).isEqualTo(prefix);
    assertThat(highest(located)).isBetween(0.5, 1.0);
    assertThat(Arrays.stream(located.probabilities()).sum()).isCloseTo(1, within(1e-12));
  }

  @Test
  void hasLowProbabilityForUnknownWords() {
    var stage = NationalStage.of(ByteBuffer.wrap(trained));

    assertThat(highest(stage.locate("zzyzx qwrtp"))).isLessThan(0.6);
    assertThat(highest(stage.locate(""))).isLessThan(0.6);
  }

  @Test
  void anyPincodeMayExistWithoutADirectory() {
    assertThat(withPincodes().isPincode(999_999)).isTrue();
  }

  @Test
  void aDirectoryOfAllRegionsHasEveryPincode() {
    var stage =
        withPincodes(110_001, 226_001, 302_001, 400_001, 560_017, 600_001, 700_001, 800_001);

    assertThat(stage.isPincode(560_017)).isTrue();
    assertThat(stage.isPincode(560_018)).isFalse();
    assertThat(stage.isPincode(999_999)).isFalse();
  }

  @Test
  void aDirectoryOfSomeRegionsTellsOfItsDistrictsOnly() {
    var stage = withPincodes(560_001, 560_999, 575_004);

    assertThat(stage.isPincode(560_999)).isTrue();
    assertThat(stage.isPincode(560_000)).isFalse();
    assertThat(stage.isPincode(575_003)).isFalse();
    assertThat(stage.isPincode(575_999)).isFalse();
    assertThat(stage.isPincode(561_000)).isTrue();
    assertThat(stage.isPincode(574_999)).isTrue();
    assertThat(stage.isPincode(999_999)).isTrue();
  }

  private static NationalStage withPincodes(int... pincodes) {
    var writer = new NationalStage.Writer(new int[] {110, 560}, new float[] {0, 1}, 0.5f);
    return NationalStage.of(ByteBuffer.wrap(writer.pincodes(pincodes).toBytes()));
  }

  @ParameterizedTest
  @CsvSource({"3e38, 0.5", "NaN, 0.5", "1, 3e38", "1, Infinity"})
  void refusesScoresWhoseSumsAreNoNumbers(float bias, float step) {
    var file = new NationalStage.Writer(new int[] {110}, new float[] {bias}, step).toBytes();

    assertThatThrownBy(() -> NationalStage.of(ByteBuffer.wrap(file)))
        .isInstanceOf(ModelException.class);
  }

  @Test
  void sumsBiasAndWeights() {
    var writer = new NationalStage.Writer(new int[] {110, 560}, new float[] {0, 1}, 0.5f);
    var word = new Grams().read("delhi").fingerprint(0);
    writer.add(word, new int[] {0, 1}, new byte[] {4, -2});
    var stage = NationalStage.of(ByteBuffer.wrap(writer.toBytes()));

    // 110 scores 0 + 4 / 2, 560 scores 1 - 2 / 2.
    var located = stage.locate("Delhi".toLowerCase(java.util.Locale.ROOT));

    assertThat(stage.prefixes()).containsExactly("110", "560");
    assertThat(best(located)).isEqualTo("110");
    assertThat(highest(located)).isCloseTo(1 / (1 + Math.exp(-2)), within(1e-9));
    assertThat(best(stage.locate("unknown"))).isEqualTo("560");
  }

  @Test
  void itsExponentialFunctionIsExactToNineDigits() {
    for (double x = 0; x > -699; x -= 0.0371) {
      assertThat(NationalStage.exp(x) / StrictMath.exp(x)).isCloseTo(1, within(1e-9));
    }
    assertThat(NationalStage.exp(0)).isEqualTo(1);
    assertThat(NationalStage.exp(-1e6)).isZero();
  }

  @Test
  void itsExponentialFunctionOfManyNumbersIsThatOfEach() {
    var random = new Random(1);
    var all = random.doubles(10_000, -710, 0).toArray();
    all[0] = 0;
    all[1] = -1e6;
    all[2] = -700;
    all[3] = Math.nextDown(-700.0);
    var each = Arrays.stream(all).map(NationalStage::exp).toArray();

    NationalStage.exp(all, new double[all.length], new double[all.length]);

    assertThat(all).isEqualTo(each);
  }

  private static double highest(PrefixChances chances) {
    return Arrays.stream(chances.probabilities()).max().orElseThrow();
  }

  private static String best(PrefixChances chances) {
    for (int i = 0; ; i++) {
      if (chances.probabilities()[i] == highest(chances)) return chances.prefixes().get(i);
    }
  }

  @Test
  void detectsAnyDamage() {
    var random = new Random(7);
    for (int i = 0; i < 500; i++) {
      var bytes = trained.clone();
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      assertThatThrownBy(() -> NationalStage.of(ByteBuffer.wrap(bytes)))
          .isInstanceOf(ModelException.class);
      var cut = Arrays.copyOf(trained, random.nextInt(trained.length));
      assertThatThrownBy(() -> NationalStage.of(ByteBuffer.wrap(cut)))
          .isInstanceOf(ModelException.class);
    }
  }

  @Test
  void survivesAnyDamageWithAValidCrc() {
    var random = new Random(8);
    int refused = 0;
    for (int i = 0; i < 500; i++) {
      var bytes = trained.clone();
      int limit = random.nextBoolean() ? Math.min(3000, bytes.length) : bytes.length;
      int at = 12 + random.nextInt(limit - 16);
      ByteBuffer.wrap(bytes).putInt(at, random.nextBoolean() ? random.nextInt() : -1);
      sign(bytes);
      try {
        assertThat(NationalStage.of(ByteBuffer.wrap(bytes)).locate("gandhi nagar jammu"))
            .isNotNull();
      } catch (ModelException e) {
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }

  private static void sign(byte[] bytes) {
    var crc = new CRC32C();
    crc.update(bytes, 12, bytes.length - 12);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(8, (int) crc.getValue());
  }
}
