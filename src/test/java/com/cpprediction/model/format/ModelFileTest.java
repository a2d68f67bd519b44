package com.cpprediction.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.model.format.ModelFile.Section;
import com.cpprediction.training.SmallRelease;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

public class ModelFileTest {
  private static final int HEADER = 16;
  private static final int ENTRY = 24;
  private static final int TABLE_END = HEADER + Section.values().length * ENTRY;

  @TempDir Path dir;

  /** An empty index: it has every section, most of them empty. */
  static ModelFile.Writer emptyIndex() {
    var file =
        new ModelFile.Writer()
            .putInts(Section.COUNTS, 0, 0, 0, 0)
            .putInts(Section.CP_OFFICES, 0)
            .putInts(Section.PINCODE_LIST, 0);
    new GramCounts.Writer(0, 0)
        .putInto(file, Section.GRAM_BUCKET, Section.GRAM_ENTRY, Section.GRAM_LIST);
    new GramCounts.Writer(0, 0)
        .putInto(file, Section.OFFICE_BUCKET, Section.OFFICE_ENTRY, Section.OFFICE_LIST);
    new GramCounts.Writer(0, 0)
        .putInto(file, Section.REGION_BUCKET, Section.REGION_ENTRY, Section.REGION_LIST);
    return file;
  }

  @Test
  void readsEverySectionAsWritten() {
    var file =
        ModelFile.of(
            emptyIndex()
                .putInts(Section.COUNTS, 0, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 1)
                .putFloats(Section.CP_NORMS, 0f, -1.5f, Float.MIN_VALUE)
                .putBytes(Section.CP_CODE, "CP1\n".getBytes(StandardCharsets.UTF_8))
                .toBytes());

    var ints = new int[5];
    file.section(Section.COUNTS).asIntBuffer().get(ints);
    var floats = new float[3];
    file.section(Section.CP_NORMS).asFloatBuffer().get(floats);
    assertThat(ints).containsExactly(0, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 1);
    assertThat(floats).containsExactly(0f, -1.5f, Float.MIN_VALUE);
    assertThat(StandardCharsets.UTF_8.decode(file.section(Section.CP_CODE)).toString())
        .isEqualTo("CP1\n");
    assertThat(file.section(Section.CP_ADDRESSES).remaining()).isZero();
  }

  @Test
  void readsAMappedFileAsOneOnTheHeap() throws IOException {
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
  @ValueSource(ints = {-1, 0, 99_999, 1_000_000})
  void refusesAnIndexWithANumberThatIsNoPincode(int pincode) {
    var file =
        emptyIndex()
            .putInts(Section.COUNTS, 0, 0, 1, 0)
            .putInts(Section.PINCODE, pincode)
            .putInts(Section.PINCODE_LIST, 0, 0);

    assertThatThrownBy(() -> new PrefixIndex(ModelFile.of(file.toBytes())))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("PINCODE");
  }

  @ParameterizedTest
  @EnumSource
  void alignsSections(Section section) {
    var bytes = emptyIndex().putBytes(Section.CP_CODE, new byte[3]).toBytes();

    assertThat(little(bytes).getLong(offsetAt(section)) % 8).isZero();
  }

  @Test
  void refusesAnEmptyFile() throws IOException {
    var path = Files.createFile(dir.resolve("model.mmap"));

    assertThatThrownBy(() -> ModelFile.of(Files.readAllBytes(path)))
        .isInstanceOf(ModelException.class)
        .hasMessage("not a model file");
  }

  @ParameterizedTest(name = "{1} at {0}: {2}")
  @CsvSource({
    "0, 0, not a model file",
    "4, 1, 'model file of version 1, this service reads version 3; train the release again'",
    "8, 22, 'model file has 22 sections, not 23'",
    "8, 26, 'model file has 26 sections, not 23'",
    "8, -1, 'model file has -1 sections, not 23'",
    "12, 1, the table of sections is damaged (CRC differs)",
    "16, 1, the table of sections is damaged (CRC differs)",
  })
  void refusesAWrongHeader(int at, int value, String message) {
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
    "545, 8",
    "544, -1",
    "544, 1000000",
    "1000000, 0",
    "9223372036854775800, 8",
    "544, 9223372036854775807",
    "-9223372036854775808, 9223372036854775807",
    "4294967296, 8",
    "544, 4294967296",
  })
  void refusesASectionOutsideTheFile(long offset, long length) {
    var bytes = emptyIndex().toBytes();
    little(bytes)
        .putLong(offsetAt(Section.CP_ADDRESSES), offset)
        .putLong(offsetAt(Section.CP_ADDRESSES) + Long.BYTES, length);
    sign(bytes);

    assertThatThrownBy(() -> ModelFile.of(bytes))
        .isInstanceOf(ModelException.class)
        .hasMessage("section CP_ADDRESSES lies outside the model file");
  }

  @ParameterizedTest
  @EnumSource
  void refusesAFileTruncatedAtASection(Section section) throws IOException {
    var whole = trained();
    int boundary = (int) little(whole).getLong(offsetAt(section));

    for (int length : new int[] {boundary - 1, boundary, boundary + 1}) {
      assertThatThrownBy(() -> ModelFile.of(Arrays.copyOf(whole, length)))
          .isInstanceOf(ModelException.class);
    }
  }

  @Test
  void reportsAModelExceptionForAnyTruncation() throws IOException {
    var whole = trained();
    for (int length = 0; length < whole.length; length += length < TABLE_END ? 1 : 97) {
      assertThat(isRefused(Arrays.copyOf(whole, length))).as("%d bytes", length).isTrue();
    }
  }

  @ParameterizedTest(name = "mask {0}")
  @ValueSource(ints = {0xff, 0x80, 0x10, 0x08, 0x01})
  void reportsAModelExceptionForAnyDamagedHeader(int mask) throws IOException {
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
  void refusesASectionOfAnotherLength(Section section) throws IOException {
    var bytes = trained();
    int at = offsetAt(section) + Long.BYTES;
    little(bytes).putLong(at, little(bytes).getLong(at) - 1);
    sign(bytes);

    assertThat(isRefused(bytes)).isTrue();
  }

  @Test
  void readsAnEmptyIndex() {
    var index = new PrefixIndex(ModelFile.of(emptyIndex().toBytes()));

    assertThat(index.places()).isZero();
    assertThat(index.cps()).isZero();
    assertThat(index.findPincode(560017)).isEqualTo(-1);
    assertThat(index.trainedPincodes()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void refusesCountsThatContradictTheSections(int count) throws IOException {
    for (int value : new int[] {-1, 0, 1, 1 << 16, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      var bytes = trained();
      int counts = (int) little(bytes).getLong(offsetAt(Section.COUNTS));
      little(bytes).putInt(counts + count * Integer.BYTES, value);
      sign(bytes);

      assertThat(isRefused(bytes)).as("count %d is %d", count, value).isTrue();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void refusesAMappedFileThatIsTruncatedDuringTheCheck() throws Exception {
    var file = Files.write(dir.resolve("model.mmap"), trained());
    try (var mapping = Mapping.of(file, Mapping.Kind.MAPPED);
        var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(0);

      // On a thread of its own: compiled code reports the fault a little later, wherever that is.
      var accepted = new AtomicBoolean();
      var reader =
          new Thread(
              () -> {
                try {
                  ModelFile.of(mapping.bytes());
                  accepted.set(true);
                } catch (ModelException | InternalError e) {
                  accepted.set(false);
                }
              });
      reader.setUncaughtExceptionHandler((thread, late) -> {});
      reader.start();
      reader.join();
      assertThat(accepted).as("a file that is no longer there is taken for a model").isFalse();
    }
  }

  private static byte[] trained() throws IOException {
    return Files.readAllBytes(SmallRelease.directory().resolve("831/model.mmap"));
  }

  /** Whether an index is refused by a {@link ModelException}; propagates other exceptions. */
  private static boolean isRefused(byte[] bytes) {
    try {
      new PrefixIndex(ModelFile.of(bytes));
      return false;
    } catch (ModelException e) {
      assertThat(e).hasMessageMatching("(?s).+");
      return true;
    }
  }

  /** Recomputes the CRCs of a changed table and of the sections within the file. */
  public static void sign(byte[] bytes) {
    var file = little(bytes);
    for (var section : Section.values()) {
      long offset = file.getLong(offsetAt(section));
      long length = file.getLong(offsetAt(section) + Long.BYTES);
      if (offset < 0 || length < 0 || offset > bytes.length - length) continue;
      file.putInt(offsetAt(section) - Integer.BYTES, crc(bytes, (int) offset, (int) length));
    }
    file.putInt(12, crc(bytes, HEADER, TABLE_END - HEADER));
  }

  private static int crc(byte[] bytes, int offset, int length) {
    var crc = new CRC32C();
    crc.update(bytes, offset, length);
    return (int) crc.getValue();
  }

  private static int offsetAt(Section section) {
    return HEADER + section.ordinal() * ENTRY + 8;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
