package com.cpprediction.prediction;

import java.security.SecureRandom;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012; one round per word
 * and three at the end, as in the hash tables of Rust and Python): without the key, collisions
 * can't be constructed. With {@link String#hashCode} they can: "an" and "c0" collide, and so does
 * any sequence of the two.
 *
 * <p>Immutable and thread-safe. Hashes differ between processes, so they must not be stored or
 * sent.
 */
final class SipHash {
  private static final int CHARS = Long.BYTES / Character.BYTES; // in a word
  private static final char SEPARATOR = 0; // doesn't occur in canonical text

  private final long k0;
  private final long k1;

  SipHash(long k0, long k1) {
    this.k0 = k0;
    this.k1 = k1;
  }

  /** A hash function with a random key. */
  static SipHash random() {
    var random = new SecureRandom();
    return new SipHash(random.nextLong(), random.nextLong());
  }

  /**
   * The hash of {@code text} in UTF-16LE, and of a separator and {@code more} after it where there
   * is one.
   */
  long hash(String text, @Nullable String more) {
    var state = new State(k0, k1);
    int first = text.length();
    int length = more == null ? first : first + 1 + more.length();
    int i = 0;
    for (; i + CHARS <= first; i += CHARS) {
      state.add(
          text.charAt(i)
              | (long) text.charAt(i + 1) << 16
              | (long) text.charAt(i + 2) << 32
              | (long) text.charAt(i + 3) << 48);
    }
    long word = 0;
    for (; i < length; i++) {
      long c =
          i < first
              ? text.charAt(i)
              : i == first ? SEPARATOR : Objects.requireNonNull(more).charAt(i - first - 1);
      int place = i % CHARS;
      word |= c << Character.SIZE * place;
      if (place == CHARS - 1) {
        state.add(word);
        word = 0;
      }
    }
    return state.end(word | (long) length * Character.BYTES << 56);
  }

  private static final class State {
    private long v0;
    private long v1;
    private long v2;
    private long v3;

    State(long k0, long k1) {
      v0 = k0 ^ 0x736f6d6570736575L;
      v1 = k1 ^ 0x646f72616e646f6dL;
      v2 = k0 ^ 0x6c7967656e657261L;
      v3 = k1 ^ 0x7465646279746573L;
    }

    void add(long word) {
      v3 ^= word;
      round();
      v0 ^= word;
    }

    long end(long last) {
      add(last);
      v2 ^= 0xff;
      round();
      round();
      round();
      return v0 ^ v1 ^ v2 ^ v3;
    }

    private void round() {
      v0 += v1;
      v1 = Long.rotateLeft(v1, 13) ^ v0;
      v0 = Long.rotateLeft(v0, 32);
      v2 += v3;
      v3 = Long.rotateLeft(v3, 16) ^ v2;
      v0 += v3;
      v3 = Long.rotateLeft(v3, 21) ^ v0;
      v2 += v1;
      v1 = Long.rotateLeft(v1, 17) ^ v2;
      v2 = Long.rotateLeft(v2, 32);
    }
  }
}
