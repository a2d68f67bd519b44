package com.cpprediction.journal;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;

/** Bodies that imitate frames and library records, to confuse a reader of journal files. */
final class HostileBytes {
  private static final byte[] MAGIC_1 = {(byte) 0xFE, (byte) 0xC1, (byte) 0xF5, (byte) 0xFF};
  private static final int SEQUENCES = 400;
  private static final int FILES = 60;
  private static final byte LIBRARY_ADD = 11;
  private static final byte LIBRARY_DELETE = 16;

  private final Random random;

  HostileBytes(long seed) {
    random = new Random(seed);
  }

  byte[] next() {
    var body = new ByteArrayOutputStream();
    for (int pieces = 1 + random.nextInt(5); pieces > 0; pieces--) body.writeBytes(piece());
    return body.toByteArray();
  }

  private byte[] piece() {
    return switch (random.nextInt(10)) {
      case 0 -> MAGIC_1;
      case 1 -> magic(Frame.marker(0, 0, new byte[0]).encode());
      case 2 -> record().encode();
      case 3 -> Frame.marker(sequence(), 1, everythingSettled()).encode();
      case 4 -> version1((byte) 1, sequence(), new byte[random.nextInt(20)]);
      case 5 -> version1((byte) 2, 0, everythingSettled());
      case 6 -> cut(random.nextBoolean() ? record().encode() : version1((byte) 1, 7, new byte[9]));
      case 7 -> libraryAdd(record().encode());
      case 8 -> libraryDelete();
      default -> same(random.nextInt(40));
    };
  }

  private static byte[] magic(byte[] frame) {
    return ByteBuffer.allocate(Long.BYTES).put(frame, 0, Long.BYTES).array();
  }

  private Frame record() {
    return new Frame(Frame.Kind.RECORD, sequence(), 0, 1, 1, new byte[random.nextInt(20)]);
  }

  private long sequence() {
    return 1 + random.nextInt(SEQUENCES);
  }

  private static byte[] everythingSettled() {
    return ByteBuffer.allocate(2 * Long.BYTES).putLong(1).putLong(SEQUENCES).array();
  }

  private byte[] cut(byte[] frame) {
    return Arrays.copyOf(frame, 1 + random.nextInt(frame.length - 1));
  }

  private byte[] same(int count) {
    var bytes = new byte[count];
    Arrays.fill(bytes, (byte) (random.nextBoolean() ? 0 : random.nextInt()));
    return bytes;
  }

  /** A frame of version 1. */
  private static byte[] version1(byte kind, long sequence, byte[] body) {
    var frame = ByteBuffer.allocate(30 + body.length).put(MAGIC_1).putInt(0).putInt(body.length);
    frame.put((byte) 1).put(kind).putLong(sequence).putLong(1).put(body);
    var crc = new CRC32C();
    crc.update(frame.array(), 8, frame.capacity() - 8);
    return frame.putInt(4, (int) crc.getValue()).array();
  }

  /** A record of the library. */
  private byte[] libraryAdd(byte[] frame) {
    int size = 23 + frame.length;
    return ByteBuffer.allocate(size)
        .put(LIBRARY_ADD)
        .putInt(1 + random.nextInt(FILES))
        .put((byte) 0)
        .putLong(Frame.id(sequence()))
        .putInt(frame.length)
        .put((byte) 1)
        .put(frame)
        .putInt(size)
        .array();
  }

  private byte[] libraryDelete() {
    int size = 18;
    return ByteBuffer.allocate(size)
        .put(LIBRARY_DELETE)
        .putInt(1 + random.nextInt(FILES))
        .put((byte) 0)
        .putLong(Frame.id(sequence()))
        .putInt(size)
        .array();
  }
}
