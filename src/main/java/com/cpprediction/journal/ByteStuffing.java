package com.cpprediction.journal;

import java.util.Arrays;

/**
 * Writes bytes without a zero among them, in at most one byte more for each 254 (consistent
 * overhead byte stuffing: Cheshire and Baker, IEEE/ACM Transactions on Networking, 1999). A block
 * is a byte that says where the next block begins, then what is before it; between two blocks was a
 * zero, unless the first is of full length.
 */
final class ByteStuffing {
  private static final int FULL = 255; // of a block, with its first byte

  private ByteStuffing() {}

  /** {@code bytes} stuffed. */
  static byte[] stuff(byte[] bytes) {
    var out = new byte[bytes.length + bytes.length / (FULL - 1) + 1];
    int block = 0;
    int to = 1;
    for (byte b : bytes) {
      if (b != 0) out[to++] = b;
      if (b != 0 && to - block < FULL) continue;
      out[block] = (byte) (to - block);
      block = to++;
    }
    out[block] = (byte) (to - block);
    return Arrays.copyOf(out, to);
  }

  /**
   * Reads {@code out.length} bytes back.
   *
   * @return where what was read ends, or -1 when it isn't what {@link #stuff} wrote
   */
  static int unstuff(byte[] in, int from, byte[] out) {
    int at = from;
    int to = 0;
    while (at < in.length && in[at] != 0) {
      int block = Byte.toUnsignedInt(in[at]);
      int count = block - 1;
      if (at + block > in.length || to + count > out.length) return -1;
      System.arraycopy(in, at + 1, out, to, count);
      at += block;
      to += count;
      if (block == FULL) continue;
      if (to == out.length) return at;
      out[to++] = 0;
    }
    return -1;
  }
}
