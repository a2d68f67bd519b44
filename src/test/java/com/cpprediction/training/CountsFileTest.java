package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.csv.InputException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CountsFileTest {
  private static final String REFUSED =
      ".*(is damaged|has version -?\\d+,.*); train from all addresses again";

  @TempDir Path dir;
  private PrefixCounts first;
  private PrefixCounts second;

  @BeforeEach
  void write() throws IOException {
    first = counts("575", "kadri temple road mangalore", "bejai church kadri", "ullal beach");
    second = counts("180", "गांधी नगर jammu", "trikuta nagar jammu");
    CountsFile.write(file(), List.of(second, first));
  }

  private Path file() {
    return dir.resolve(CountsFile.NAME);
  }

  private static PrefixCounts counts(String prefix, String... texts) {
    var builder = new PrefixCounts.Builder(prefix, new PrefixCounts.Options(1, 0, 0, 2));
    for (int i = 0; i < texts.length; i++) {
      var row = new LabelledRow(texts[i], prefix + "00" + i, "CP" + i % 2);
      builder.add(row, texts[i]);
      builder.add(row, texts[i]);
    }
    return builder.build(List.of("CP without address"));
  }

  @Test
  void readsWhatWasWritten() {
    var read = CountsFile.read(dir);

    assertThat(read.keySet()).containsExactly("180", "575");
    for (var expected : List.of(first, second)) {
      assertThat(read.get(expected.prefix()))
          .usingRecursiveComparison()
          .ignoringFields("held")
          .isEqualTo(expected);
    }
  }

  @Test
  void theSameCountsGiveTheSameBytes() throws IOException {
    var before = Files.readAllBytes(file());

    CountsFile.write(file(), List.of(second, first));

    assertThat(Files.readAllBytes(file())).isEqualTo(before);
  }

  @Test
  void refusesACutFile() throws IOException {
    var whole = Files.readAllBytes(file());
    for (int length = 0; length < whole.length; length++) {
      Files.write(file(), Arrays.copyOf(whole, length));

      assertRefused("cut at " + length);
    }
  }

  /** A few bits of deflate carry nothing. */
  @Test
  void aFlippedBitIsRefusedOrChangesNothing() throws IOException {
    var whole = Files.readAllBytes(file());
    int read = 0;
    for (int at = 10; at < whole.length; at++) { // after the header of gzip
      var mutant = whole.clone();
      mutant[at] ^= (byte) (1 << at % 8);
      Files.write(file(), mutant);
      try {
        CountsFile.read(dir);
      } catch (InputException e) {
        assertThat(e).hasMessageMatching(REFUSED);
        continue;
      }
      readsWhatWasWritten();
      read++;
    }
    assertThat(read).isLessThan(10);
  }

  /** Wrong numbers in a file that gzip finds right: refused, whatever size they claim. */
  @Test
  void refusesOrReadsWrongNumbersWithoutRunningOutOfMemory() throws IOException {
    var plain = plain();
    var random = new SplittableRandom(4);
    int refused = 0;
    for (int i = 0; i < 600; i++) {
      var mutant = plain.clone();
      int at = random.nextInt(plain.length - 3);
      ByteBuffer.wrap(mutant).putInt(at, i % 2 == 0 ? Integer.MAX_VALUE - 8 : random.nextInt());
      Files.write(file(), compressed(mutant));
      try {
        assertThat(CountsFile.read(dir)).isNotEmpty();
      } catch (InputException e) {
        refused++;
      }
    }
    assertThat(refused).isBetween(200, 599);
  }

  @Test
  void refusesAnotherVersionByItsNumber() throws IOException {
    var plain = plain();
    ByteBuffer.wrap(plain).putInt(4, 9);
    Files.write(file(), compressed(plain));

    assertThatThrownBy(() -> CountsFile.read(dir))
        .isInstanceOf(InputException.class)
        .hasMessageEndingWith(
            "has version 9, this program reads version 1; train from all addresses again");
  }

  private byte[] plain() throws IOException {
    try (var in = new GZIPInputStream(new ByteArrayInputStream(Files.readAllBytes(file())))) {
      return in.readAllBytes();
    }
  }

  private static byte[] compressed(byte[] plain) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(plain);
    }
    return out.toByteArray();
  }

  private void assertRefused(String how) {
    assertThatThrownBy(() -> CountsFile.read(dir))
        .as(how)
        .isInstanceOf(InputException.class)
        .hasMessageMatching(REFUSED);
  }
}
