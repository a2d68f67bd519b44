package com.cpprediction.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GzipDecoderTest {
  private static final ServiceException ENOUGH = Failure.TOO_LARGE.because("enough");

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42})
  void decodesAnyContentInAnyChunks(long seed) {
    var random = new Random(seed);
    for (int i = 0; i < 50; i++) {
      var plain = new byte[random.nextInt(100_000)];
      for (int at = 0; at < plain.length; ) { // partly random, partly repetitive
        var run = new byte[Math.min(plain.length - at, 1 + random.nextInt(20_000))];
        if (random.nextBoolean()) random.nextBytes(run);
        System.arraycopy(run, 0, plain, at, run.length);
        at += run.length;
      }
      int cut = random.nextInt(plain.length + 1);
      var encoded =
          concat(
              member(Arrays.copyOf(plain, cut), random.nextInt(32) & ~1),
              member(Arrays.copyOfRange(plain, cut, plain.length), random.nextInt(32) & ~1));

      assertThat(decode(encoded, random)).isEqualTo(plain);
    }
  }

  @Test
  void refusesTruncatedInput() {
    var encoded = member("hello hello hello".getBytes(), 0x1E);

    for (int end = 0; end < encoded.length; end++) {
      var part = Arrays.copyOf(encoded, end);
      assertThatThrownBy(() -> decode(part, 1_000))
          .as("%d bytes", end)
          .isInstanceOfSatisfying(
              ServiceException.class,
              e -> assertThat(e.failure()).isEqualTo(Failure.MALFORMED_REQUEST))
          .hasMessageContaining("ends too early");
    }
  }

  @Test
  void detectsEveryDamage() {
    var plain = "Kadri Hills, near Kadri Temple, Mangalore 575002".getBytes();
    var encoded = member(plain, 0);

    for (int at = 0; at < encoded.length; at++) {
      for (int bit = 0; bit < 8; bit++) {
        var damaged = encoded.clone();
        damaged[at] ^= 1 << bit;
        try {
          assertThat(decode(damaged, 1_000))
              .isEqualTo(plain); // the ignored fields for time and operating system
        } catch (ServiceException e) {
          assertThat(e.failure()).isIn(Failure.MALFORMED_REQUEST, Failure.TOO_LARGE);
        }
      }
    }
  }

  @Test
  void refusesTrailingBytes() {
    assertThatThrownBy(() -> decode(concat(member(new byte[9], 0), new byte[20]), 100))
        .hasMessageContaining("does not begin as one");
    assertThatThrownBy(() -> decode("{\"shipment_id\":\"S1\"}".getBytes(), 100))
        .hasMessageContaining("does not begin as one");
  }

  @Test
  void decodesABombPieceByPiece() {
    var bomb = member(new byte[64 * 1024 * 1024], 0);
    assertThat(bomb).hasSizeLessThan(80_000);

    assertThatThrownBy(() -> decode(bomb, 1 << 20)).isSameAs(ENOUGH);
    try (var decoder = new GzipDecoder()) {
      decoder.feed(bomb);
      long decoded = 0;
      for (var piece = decoder.next(); piece != null; piece = decoder.next()) {
        assertThat(piece.length()).isBetween(1, GzipDecoder.PIECE);
        assertThat(decoder.pending()).isTrue();
        decoded += piece.length();
      }
      assertThat(decoder.pending()).isFalse();
      assertThat(decoded).isEqualTo(64 * 1024 * 1024);
    }
  }

  @Test
  void decodesAllReceivedInputBeforeMoreArrives() throws IOException {
    var bytes = new ByteArrayOutputStream();
    var gzip = new GZIPOutputStream(bytes, true);
    try (var decoder = new GzipDecoder()) {
      for (int length : new int[] {1, 100, GzipDecoder.PIECE, 3 * GzipDecoder.PIECE, 100_001}) {
        gzip.write(new byte[length]);
        gzip.flush();
        decoder.feed(bytes.toByteArray());
        bytes.reset();

        int decoded = 0;
        for (var piece = decoder.next(); piece != null; piece = decoder.next()) {
          decoded += piece.length();
        }
        assertThat(decoded).isEqualTo(length);
      }
      gzip.close();
      decoder.feed(bytes.toByteArray());
      assertThat(decoder.next()).isNull();
      decoder.end();
    }
  }

  /** Decodes all of the input, aborted with {@link #ENOUGH} after {@code limit} bytes. */
  private static byte[] decode(byte[] encoded, int limit) {
    var decoded = new ByteArrayOutputStream();
    GzipDecoder.decode(
        encoded,
        piece -> {
          if (decoded.size() + piece.length() > limit) throw ENOUGH;
          decoded.writeBytes(piece.getBytes());
        });
    return decoded.toByteArray();
  }

  private static byte[] decode(byte[] encoded, Random random) {
    var decoded = new ByteArrayOutputStream();
    try (var decoder = new GzipDecoder()) {
      for (int at = 0; at < encoded.length; ) {
        int end =
            Math.min(encoded.length, at + 1 + random.nextInt(random.nextBoolean() ? 3 : 9_000));
        decoder.feed(Arrays.copyOfRange(encoded, at, end));
        for (var piece = decoder.next(); piece != null; piece = decoder.next()) {
          decoded.writeBytes(piece.getBytes());
        }
        at = end;
      }
      decoder.end();
    }
    return decoded.toByteArray();
  }

  /**
   * @param flags optional fields of the header, as encoded there
   */
  private static byte[] member(byte[] plain, int flags) {
    var out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {0x1f, (byte) 0x8b, 8, (byte) flags, 1, 2, 3, 4, 0, 3});
    if ((flags & 0x04) != 0) out.writeBytes(new byte[] {5, 0, 1, 2, 3, 0, 5});
    if ((flags & 0x08) != 0) out.writeBytes("name.json\0".getBytes());
    if ((flags & 0x10) != 0) out.writeBytes("a comment\0".getBytes());
    if ((flags & 0x02) != 0) out.writeBytes(new byte[2]);
    var deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    deflater.setInput(plain);
    deflater.finish();
    var buffer = new byte[8_192];
    while (!deflater.finished()) out.write(buffer, 0, deflater.deflate(buffer));
    deflater.end();
    var checksum = new CRC32();
    checksum.update(plain);
    for (long number : new long[] {checksum.getValue(), plain.length}) {
      for (int i = 0; i < 4; i++) out.write((int) (number >> 8 * i));
    }
    return out.toByteArray();
  }

  private static byte[] concat(byte[] first, byte[] second) {
    var both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  /** Encoded by the JDK. */
  static byte[] gzip(byte[] plain) {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(plain);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
