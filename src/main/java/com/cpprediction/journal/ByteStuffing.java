package com.cpprediction.journal;

import java.util.Arrays;

/**
 * Encodes bytes without zeros, at a cost of at most one byte per 254 (consistent overhead byte
 * stuffing: Cheshire and Baker, IEEE/ACM Transactions on Networking, 1999). Each block starts with
 * its length, followed by non-zero bytes; a zero is implied between two blocks unless the first is
 * of full length.
 */
final class ByteStuffing {
  private static final int FULL = 255; // longest block, with its length byte

  private ByteStuffing() {}

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
   * Decodes {@code out.length} bytes.
   *
   * @return end of the encoded bytes, or -1 when {@link #stuff} didn't write them
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
