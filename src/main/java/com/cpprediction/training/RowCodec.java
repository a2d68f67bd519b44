package com.cpprediction.training;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Binary form of an {@link InputRow}: canonical text, pincode, CP, address as typed, each as UTF-8
 * after its length in bytes; weight, number and line; 0, or 1 and the time as seconds since 1970
 * and nanoseconds. Numbers are variable-length, seven bits a byte, the lowest first.
 */
final class RowCodec {
  private RowCodec() {}

  /** Encoded rows, one behind the other. */
  static final class Encoder {
    private byte[] bytes = new byte[1 << 12];
    private int length;

    /** Begins anew. */
    void clear() {
      length = 0;
    }

    byte[] bytes() {
      return bytes;
    }

    /** Bytes in use. */
    int length() {
      return length;
    }

    void put(InputRow row) {
      put(row.text());
      put(row.row().pincode());
      put(row.row().cp());
      put(row.row().address());
      put(row.weight());
      put(row.number());
      put(row.line());
      var time = row.time();
      put(time == null ? 0 : 1);
      if (time == null) return;
      put(time.getEpochSecond());
      put(time.getNano());
    }

    void put(String text) {
      var utf8 = text.getBytes(UTF_8);
      put(utf8.length);
      reserve(utf8.length);
      System.arraycopy(utf8, 0, bytes, length, utf8.length);
      length += utf8.length;
    }

    void put(long number) {
      reserve(10);
      long left = number;
      for (; (left & ~0x7FL) != 0; left >>>= 7) bytes[length++] = (byte) (left | 0x80);
      bytes[length++] = (byte) left;
    }

    private void reserve(int more) {
      if (length + more <= bytes.length) return;
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
    }
  }

  /** Reads the rows of a block from its beginning. */
  static final class Decoder {
    private final byte[] bytes;
    private int last; // where the last row begins
    private int at;

    Decoder(byte[] bytes) {
      this.bytes = bytes;
    }

    /** Where the next row begins. */
    int at() {
      return at;
    }

    boolean hasNext() {
      return at < bytes.length;
    }

    InputRow next() {
      last = at;
      var text = text();
      var pincode = text();
      var cp = text();
      var address = text();
      int weight = (int) number();
      long number = number();
      long line = number();
      return new InputRow(
          new LabelledRow(address, pincode, cp), text, weight, time(), number, line);
    }

    /** The last row once more. */
    InputRow again() {
      at = last;
      return next();
    }

    /** Passes a row and hashes it. */
    void next(Hashes into) {
      last = at;
      long address = hash(hash(Hashes.SEED));
      into.address = mixed(address);
      into.labelled = mixed(hash(address));
      skip();
      number();
      number();
      number();
      time();
    }

    String text() {
      int length = (int) number();
      var text = new String(bytes, at, length, UTF_8);
      at += length;
      return text;
    }

    private void skip() {
      int length = (int) number(); // before at is read: it moves it
      at += length;
    }

    /** FNV-1a over a text, and its length, continued from {@code hash}. */
    private long hash(long hash) {
      int length = (int) number();
      long h = (hash ^ length) * Hashes.PRIME;
      for (int end = at + length; at < end; at++) h = (h ^ bytes[at] & 0xff) * Hashes.PRIME;
      return h;
    }

    private @Nullable Instant time() {
      if (number() == 0) return null;
      long seconds = number();
      return Instant.ofEpochSecond(seconds, number());
    }

    long number() {
      long number = 0;
      for (int shift = 0; ; shift += 7) {
        byte b = bytes[at++];
        number |= (b & 0x7FL) << shift;
        if (b >= 0) return number;
      }
    }

    /** The last step of SplitMix64 (Steele, Lea, Flood 2014): FNV leaves the high bits weak. */
    private static long mixed(long hash) {
      long z = (hash ^ hash >>> 30) * 0xbf58476d1ce4e5b9L;
      z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
      return z ^ z >>> 31;
    }
  }

  /** 64-bit hashes of a row; equal values have equal hashes in every process. */
  static final class Hashes {
    private static final long SEED = 0xcbf29ce484222325L; // of FNV-1a
    private static final long PRIME = 0x100000001b3L;

    /** Of canonical text and pincode. */
    long address;

    /** Of canonical text, pincode and CP. */
    long labelled;
  }
}
