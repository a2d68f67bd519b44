package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.model.ModelFile.Section;
import com.cpprediction.training.SmallRelease;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFileTest {
  private static final int HEADER = 16;
  private static final int ENTRY = 24;
  private static final int TABLE_END = HEADER + Section.values().length * ENTRY;

  @TempDir Path dir;

  /** An index of nothing: every section is there and most are empty. */
  static ModelFile.Writer emptyIndex() {
    var writer = new ModelFile.Writer();
    for (var section : Section.values()) writer.putBytes(section, new byte[0]);
    return writer
        .putInts(Section.COUNTS, 0, 0, 0, 0, 0)
        .putInts(Section.GRAM_BUCKET, 0, 0)
        .putInts(Section.GRAM_LIST, 0)
        .putInts(Section.OFFICE_BUCKET, 0, 0)
        .putInts(Section.OFFICE_LIST, 0)
        .putInts(Section.PINCODE_LIST, 0);
  }

  @Test
  void everyKindOfSectionReadsAsItWasWritten() {
    var file =
        ModelFile.of(
            emptyIndex()
                .putInts(Section.COUNTS, 0, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 1)
                .putShorts(Section.ROW_CP, 0, 1, 32_768, 65_535)
                .putFloats(Section.ROW_WORD_NORM, 0f, -1.5f, Float.MIN_VALUE)
                .putBytes(Section.CP_CODE, "CP1\n".getBytes(StandardCharsets.UTF_8))
                .toBytes());

    var ints = new int[5];
    file.section(Section.COUNTS).asIntBuffer().get(ints);
    var shorts = new short[4];
    file.section(Section.ROW_CP).asShortBuffer().get(shorts);
    var floats = new float[3];
    file.section(Section.ROW_WORD_NORM).asFloatBuffer().get(floats);
    assertThat(ints).containsExactly(0, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 1);
    assertThat(shorts).containsExactly((short) 0, (short) 1, (short) 32_768, (short) 65_535);
    assertThat(floats).containsExactly(0f, -1.5f, Float.MIN_VALUE);
    assertThat(StandardCharsets.UTF_8.decode(file.section(Section.CP_CODE)).toString())
        .isEqualTo("CP1\n");
    assertThat(file.section(Section.ALPHA).remaining()).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 65_536})
  void whatDoesNotFitTwoBytesIsRefused(int value) {
    var writer = new ModelFile.Writer();

    assertThatThrownBy(() -> writer.putShorts(Section.ROW_CP, value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(value + " in ROW_CP");
  }

  @Test
  void aMappedFileIsTheOneInMemory() throws IOException {
    var writer = emptyIndex().putInts(Section.PINCODE_CP, 1, 2, 3);
    var path = dir.resolve("model.mmap");
    Files.write(path, writer.toBytes());

    var mapped = ModelFile.of(Files.readAllBytes(path));

    var inMemory = ModelFile.of(writer.toBytes());
    assertThat(mapped.bytes()).isEqualTo(inMemory.bytes()).isEqualTo(Files.size(path));
    for (var section : Section.values()) {
      assertThat(mapped.section(section)).isEqualTo(inMemory.section(section));
    }
  }

  @ParameterizedTest
  @EnumSource
  void sectionsAreAligned(Section section) {
    var bytes = emptyIndex().putBytes(Section.CP_CODE, new byte[3]).toBytes();

    assertThat(little(bytes).getLong(offsetAt(section)) % 8).isZero();
  }

  @Test
  void anEmptyFileIsNoModelFile() throws IOException {
    var path = Files.createFile(dir.resolve("model.mmap"));

    assertThatThrownBy(() -> ModelFile.of(Files.readAllBytes(path)))
        .isInstanceOf(ModelException.class)
        .hasMessage("not a model file");
  }

  @ParameterizedTest(name = "{1} at {0}: {2}")
  @CsvSource({
    "0, 0, not a model file",
    "4, 2, 'model file of version 2, this service reads version 1'",
    "8, 25, 'model file has 25 sections, not 26'",
    "8, 27, 'model file has 27 sections, not 26'",
    "8, -1, 'model file has -1 sections, not 26'",
    "16, 1, section COUNTS lies outside the model file",
  })
  void aWrongHeaderIsRefused(int at, int value, String message) {
    var bytes = emptyIndex().toBytes();
    little(bytes).putInt(at, value);

    assertThatThrownBy(() -> ModelFile.of(bytes))
        .isInstanceOf(ModelException.class)
        .hasMessage(message);
  }

  @ParameterizedTest(name = "offset {0}, length {1}")
  @CsvSource({
    "0, 8",
    "-8, 8",
    "641, 8",
    "640, -1",
    "640, 1000000",
    "1000000, 0",
    "9223372036854775800, 8",
    "640, 9223372036854775807",
    "-9223372036854775808, 9223372036854775807",
    "4294967296, 8",
    "640, 4294967296",
  })
  void aSectionOutsideTheFileIsRefused(long offset, long length) {
    var bytes = emptyIndex().toBytes();
    little(bytes)
        .putLong(offsetAt(Section.ALPHA), offset)
        .putLong(offsetAt(Section.ALPHA) + Long.BYTES, length);

    assertThatThrownBy(() -> ModelFile.of(bytes))
        .isInstanceOf(ModelException.class)
        .hasMessage("section ALPHA lies outside the model file");
  }

  @ParameterizedTest
  @EnumSource
  void aFileCutWhereASectionBeginsIsRefused(Section section) throws IOException {
    var whole = trained();
    int boundary = (int) little(whole).getLong(offsetAt(section));

    for (int length : new int[] {boundary - 1, boundary, boundary + 1}) {
      assertThatThrownBy(() -> ModelFile.of(Arrays.copyOf(whole, length)))
          .isInstanceOf(ModelException.class);
    }
  }

  @Test
  void noCutGivesAnythingButAModelException() throws IOException {
    var whole = trained();
    for (int length = 0; length < whole.length; length += length < TABLE_END ? 1 : 97) {
      assertThat(isRefused(Arrays.copyOf(whole, length))).as("%d bytes", length).isTrue();
    }
  }

  @ParameterizedTest(name = "mask {0}")
  @ValueSource(ints = {0xff, 0x80, 0x10, 0x08, 0x01})
  void noDamagedHeaderGivesAnythingButAModelException(int mask) throws IOException {
    var bytes = trained();
    for (int at = 0; at < TABLE_END; at++) {
      bytes[at] ^= (byte) mask;
      isRefused(bytes);
      bytes[at] ^= (byte) mask;
    }
    assertThat(isRefused(bytes)).isFalse();
  }

  @ParameterizedTest
  @EnumSource
  void aSectionOfAnotherLengthIsRefused(Section section) throws IOException {
    var bytes = trained();
    int at = offsetAt(section) + Long.BYTES;
    little(bytes).putLong(at, little(bytes).getLong(at) - 1);

    assertThat(isRefused(bytes)).isTrue();
  }

  @Test
  void anIndexOfNothingIsRead() {
    var index = new PrefixIndex(ModelFile.of(emptyIndex().toBytes()));

    assertThat(index.rows()).isZero();
    assertThat(index.cps()).isZero();
    assertThat(index.findPincode(560017)).isEqualTo(-1);
    assertThat(index.trainedPincodes()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4})
  void countsThatTheSectionsDoNotBearOutAreRefused(int count) throws IOException {
    for (int value : new int[] {-1, 0, 1, 1 << 16, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      var bytes = trained();
      int counts = (int) little(bytes).getLong(offsetAt(Section.COUNTS));
      little(bytes).putInt(counts + count * Integer.BYTES, value);

      assertThat(isRefused(bytes)).as("count %d is %d", count, value).isTrue();
    }
  }

  private static byte[] trained() throws IOException {
    return Files.readAllBytes(SmallRelease.directory().resolve("831/model.mmap"));
  }

  /** Whether an index is refused as it should be; any other exception passes. */
  private static boolean isRefused(byte[] bytes) {
    try {
      new PrefixIndex(ModelFile.of(bytes));
      return false;
    } catch (ModelException e) {
      assertThat(e).hasMessageMatching("(?s).+");
      return true;
    }
  }

  private static int offsetAt(Section section) {
    return HEADER + section.ordinal() * ENTRY + 8;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
