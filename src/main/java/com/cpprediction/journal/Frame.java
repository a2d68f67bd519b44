package com.cpprediction.journal;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * What the journal's library is given to write: a body, and around it what it takes to find the
 * body again in a damaged file and to know that it is whole. Big-endian:
 *
 * <pre>
 *  0  u32  magic FE C1 F5 FF, bytes that no UTF-8 text holds
 *  4  u32  CRC-32C of everything behind it
 *  8  i32  bytes of the body
 * 12  u8   version, 1
 * 13  u8   kind: 1 a record, 2 a mark
 * 14  i64  sequence of the record; 0 for a mark
 * 22  i64  milliseconds since 1970 when it was appended
 * 30       body; of a mark: the ranges of sequences that are settled, each two i64, the end exclusive
 * </pre>
 *
 * @param sequence from 1, never used again
 */
record Frame(Kind kind, long sequence, long appendedAt, byte[] body) {
  enum Kind {
    RECORD(1),
    MARK(2);

    private final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  static final int MAGIC = 0xFEC1F5FF;
  static final int HEADER = 30;

  private static final byte VERSION = 1;
  private static final int CRC = 4; // offset, as below
  private static final int LENGTH = 8;
  private static final int VERSION_AT = 12;
  private static final int KIND = 13;
  private static final int SEQUENCE = 14;
  private static final int APPENDED_AT = 22;
  private static final int CHECK_BITS = 16;
  private static final int CHECK_MASK = (1 << CHECK_BITS) - 1;

  byte[] encode() {
    var bytes = new byte[HEADER + body.length];
    var buffer = ByteBuffer.wrap(bytes);
    buffer
        .putInt(0, MAGIC)
        .putInt(LENGTH, body.length)
        .put(VERSION_AT, VERSION)
        .put(KIND, (byte) kind.code)
        .putLong(SEQUENCE, sequence)
        .putLong(APPENDED_AT, appendedAt);
    buffer.put(HEADER, body);
    return putCrc(buffer);
  }

  private static byte[] putCrc(ByteBuffer buffer) {
    buffer.putInt(CRC, crc(buffer.array(), LENGTH, buffer.capacity() - LENGTH));
    return buffer.array();
  }

  /** The whole frame that begins at {@code at}, if there is one. */
  static Optional<Frame> read(byte[] bytes, int at) {
    if (bytes.length - at < HEADER) return Optional.empty();
    var buffer = ByteBuffer.wrap(bytes);
    int length = buffer.getInt(at + LENGTH);
    if (buffer.getInt(at) != MAGIC || length < 0 || length > bytes.length - at - HEADER) {
      return Optional.empty();
    }
    if (buffer.getInt(at + CRC) != crc(bytes, at + LENGTH, HEADER - LENGTH + length)) {
      return Optional.empty();
    }
    var body = new byte[length];
    buffer.get(at + HEADER, body);
    return kind(buffer.get(at + VERSION_AT), buffer.get(at + KIND))
        .map(
            kind ->
                new Frame(
                    kind, buffer.getLong(at + SEQUENCE), buffer.getLong(at + APPENDED_AT), body));
  }

  private static Optional<Kind> kind(byte version, byte code) {
    if (version != VERSION) return Optional.empty();
    for (var kind : Kind.values()) if (kind.code == code) return Optional.of(kind);
    return Optional.empty();
  }

  int size() {
    return HEADER + body.length;
  }

  /**
   * The id under which the library knows a record. It checks itself: the library's own records
   * carry no checksum, so a damaged deletion could name another record than it did.
   */
  static long id(long sequence) {
    return sequence << CHECK_BITS | check(sequence);
  }

  private static long check(long sequence) {
    var bytes = ByteBuffer.allocate(Long.BYTES).putLong(sequence).array();
    return crc(bytes, 0, bytes.length) & CHECK_MASK;
  }

  private static int crc(byte[] bytes, int from, int length) {
    var crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }
}
