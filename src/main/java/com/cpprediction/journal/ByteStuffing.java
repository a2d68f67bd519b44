package com.cpprediction.journal;

/**
 * Encodes bytes without zeros, at a cost of at most one byte per 254 (consistent overhead byte
 * stuffing: Cheshire and Baker, IEEE/ACM Transactions on Networking, 1999). Each block starts with
 * its length, followed by non-zero bytes; a zero is implied between two blocks unless the first is
 * of full length.
 */
final class ByteStuffing {
  private static final int FULL = 255; // longest block, with its length byte

  private ByteStuffing() {}

  /** The highest number of bytes that {@code count} bytes are encoded as. */
  static int maxLength(int count) {
    return count + count / (FULL - 1) + 1;
  }

  /** Encodes several arrays as one, straight into another. */
  static final class Encoder {
    private final byte[] out;
    private int block; // start of the open block
    private int to;

    /**
     * @param from where the encoded bytes begin
     */
    Encoder(byte[] out, int from) {
      this.out = out;
      block = from;
      to = from + 1;
    }

    void put(byte[] bytes, int count) {
      for (int at = 0; at < count; ) {
        int end = Math.min(count, at + block + FULL - to);
        int run = at;
        while (run < end && bytes[run] != 0) run++;
        System.arraycopy(bytes, at, out, to, run - at);
        to += run - at;
        at = run;
        if (run < end) { // at a zero, which the end of the block implies
          at++;
          endBlock();
        } else if (to - block == FULL) {
          endBlock();
        }
      }
    }

    private void endBlock() {
      out[block] = (byte) (to - block);
      block = to++;
    }

    /** Ends the encoded bytes; returns the position after them. */
    int end() {
      out[block] = (byte) (to - block);
      return to;
    }
  }

  /**
   * Decodes {@code out.length} bytes.
   *
   * @return end of the encoded bytes, or -1 when {@link Encoder} didn't write them
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
