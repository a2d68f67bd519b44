package com.cpprediction.journal;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The unit written to the journal: a body or a part of one, framed by a magic number, a length and
 * a checksum, so that it can be found in a damaged file. Big-endian:
 *
 * <pre>
 *  0  u64  magic FE C1 F5 00 FF F5 C1 FE
 *   8  5 × u7 length of the rest before byte stuffing, each digit with the high bit set
 * 13       byte-stuffed, without zeros:
 *            0  u32  CRC-32C of the following bytes
 *            4  u8   version, 2
 *                       5  u8   kind: 1 a record, 2 a marker
 *            6  i64  sequence; of a marker: the highest one in use
 *           14  i64  milliseconds since 1970 when it was appended
 *           22  u16  index of this part of the record's body, from 0
 *           24  u16  number of parts
 *           26       body; of a marker: the ranges of settled sequences, each two i64, the end
 *                    exclusive
 * </pre>
 *
 * A body can't contain a frame or a record of the library, because both contain zeros. That matters
 * in recycled files, of which the library parses stale content too.
 *
 * <p>Version 1, still readable: u32 magic FE C1 F5 FF, u32 CRC, i32 length of the body, u8 version,
 * u8 kind, i64 sequence (0 for a marker), i64 time, body.
 *
 * @param sequence from 1, never reused
 */
record Frame(Kind kind, long sequence, int part, int parts, long appendedAt, byte[] body) {
  enum Kind {
    RECORD(1),
    MARKER(2);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    static Optional<Kind> of(byte code) {
      for (var kind : values()) if (kind.code == code) return Optional.of(kind);
      return Optional.empty();
    }
  }

  /** A frame and its position, the end exclusive. */
  record FoundFrame(Frame frame, int from, int to) {}

  /** Bytes added to a body of typical length. */
  static final int OVERHEAD = 40;

  static final byte FIRST = (byte) 0xFE; // of every frame

  private static final long MAGIC = 0xFEC1F500_FFF5C1FEL;
  private static final int DIGITS = 5; // of the length field
  private static final int DIGIT = 7; // bits
  private static final int STUFFED = Long.BYTES + DIGITS;
  private static final byte VERSION = 2;
  private static final int HEADER = 26;

  private static final int MAGIC_1 = 0xFEC1F5FF;
  private static final byte VERSION_1 = 1;
  private static final int HEADER_1 = 30;

  private static final int CHECK_BITS = 16;
  private static final int CHECK_MASK = (1 << CHECK_BITS) - 1;

  static Frame marker(long highest, long now, byte[] settled) {
    return new Frame(Kind.MARKER, highest, 0, 1, now, settled);
  }

  byte[] encode() {
    var header = ByteBuffer.allocate(HEADER);
    header
        .putInt(0)
        .put(VERSION)
        .put((byte) kind.code)
        .putLong(sequence)
        .putLong(appendedAt)
        .putShort((short) part)
        .putShort((short) parts);
    var crc = new CRC32C();
    crc.update(header.array(), Integer.BYTES, HEADER - Integer.BYTES);
    crc.update(body, 0, body.length);
    header.putInt(0, (int) crc.getValue());
    int length = HEADER + body.length;
    var out = ByteBuffer.allocate(STUFFED + ByteStuffing.maxLength(length)).putLong(MAGIC);
    for (int digit = DIGITS - 1; digit >= 0; digit--) {
      out.put((byte) (length >>> digit * DIGIT | 1 << DIGIT));
    }
    var stuffed = new ByteStuffing.Encoder(out.array(), STUFFED);
    stuffed.put(header.array(), HEADER);
    stuffed.put(body, body.length);
    return Arrays.copyOf(out.array(), stuffed.end());
  }

  /** The complete frame at {@code at}, if there is one. */
  static Optional<FoundFrame> read(byte[] bytes, int at) {
    var buffer = ByteBuffer.wrap(bytes);
    if (bytes.length - at >= STUFFED && buffer.getLong(at) == MAGIC)
      return readVersion2(buffer, at);
    if (bytes.length - at >= HEADER_1 && buffer.getInt(at) == MAGIC_1)
      return readVersion1(buffer, at);
    return Optional.empty();
  }

  private static Optional<FoundFrame> readVersion2(ByteBuffer in, int at) {
    int length = 0;
    for (int digit = 0; digit < DIGITS; digit++) {
      length = length << DIGIT | in.get(at + Long.BYTES + digit) & (1 << DIGIT) - 1;
    }
    if (length < HEADER || length > in.capacity() - at) return Optional.empty();
    var plain = ByteBuffer.allocate(length);
    int end = ByteStuffing.unstuff(in.array(), at + STUFFED, plain.array());
    if (end < 0
        || plain.getInt() != crc(plain.array(), Integer.BYTES, length - Integer.BYTES)
        || plain.get() != VERSION) {
      return Optional.empty();
    }
    return Kind.of(plain.get())
        .map(
            kind -> {
              long sequence = plain.getLong();
              long appendedAt = plain.getLong();
              int part = Short.toUnsignedInt(plain.getShort());
              int parts = Short.toUnsignedInt(plain.getShort());
              var body = new byte[plain.remaining()];
              plain.get(body);
              return new FoundFrame(
                  new Frame(kind, sequence, part, parts, appendedAt, body), at, end);
            });
  }

  private static Optional<FoundFrame> readVersion1(ByteBuffer in, int at) {
    int checked = at + 2 * Integer.BYTES;
    int length = in.getInt(checked);
    if (length < 0 || length > in.capacity() - at - HEADER_1) return Optional.empty();
    int end = at + HEADER_1 + length;
    if (in.getInt(at + Integer.BYTES) != crc(in.array(), checked, end - checked)) {
      return Optional.empty();
    }
    var header = in.duplicate().position(checked + Integer.BYTES);
    if (header.get() != VERSION_1) return Optional.empty();
    return Kind.of(header.get())
        .map(
            kind -> {
              long sequence = header.getLong();
              long appendedAt = header.getLong();
              var body = new byte[length];
              header.get(body);
              return new FoundFrame(new Frame(kind, sequence, 0, 1, appendedAt, body), at, end);
            });
  }

  /**
   * The library's id of a record, which includes a checksum: the library's deletions have none, so
   * a damaged one could name another record.
   */
  static long id(long sequence) {
    return sequence << CHECK_BITS | checkBits(sequence);
  }

  /** The sequence of {@code id}, 0 when its checksum is wrong. */
  static long sequence(long id) {
    long sequence = id >>> CHECK_BITS;
    return id(sequence) == id ? sequence : 0;
  }

  private static long checkBits(long sequence) {
    var bytes = ByteBuffer.allocate(Long.BYTES).putLong(sequence).array();
    return crc(bytes, 0, bytes.length) & CHECK_MASK;
  }

  private static int crc(byte[] bytes, int from, int length) {
    var crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }
}
