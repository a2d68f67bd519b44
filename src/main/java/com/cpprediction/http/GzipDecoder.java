package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decodes gzip (RFC 1952) as it comes, a piece at a time: who takes the pieces decides when there
 * are enough of them, however many a small input holds. Not thread-safe.
 */
final class GzipDecoder implements AutoCloseable {
  /** Bytes of a piece at most. */
  static final int PIECE = 16 * 1024;

  private static final int HEADER = 10;
  private static final int TRAILER = 8;
  private static final int DEFLATE = 8;
  private static final int RESERVED = 0xE0;

  private static final List<State> OPTIONAL =
      List.of(State.EXTRA_LENGTH, State.NAME, State.COMMENT, State.HEADER_CHECKSUM);

  private final Inflater inflater = new Inflater(true);
  private final CRC32 checksum = new CRC32();
  private final byte[] piece = new byte[PIECE];
  private byte[] input = {};
  private int at;
  private State state = State.BETWEEN;
  private final byte[] fixed = new byte[HEADER]; // a field of fixed length, as far as it has come
  private int fixedLength;
  private int flags;
  private int skip;
  private boolean begun;
  private boolean full;

  /** What comes next. */
  private enum State {
    /** A member, or the end. */
    BETWEEN,
    HEADER,
    EXTRA_LENGTH,
    EXTRA,
    NAME,
    COMMENT,
    HEADER_CHECKSUM,
    CONTENT,
    TRAILER
  }

  /**
   * All of {@code encoded}, a piece at a time.
   *
   * @param taker may end it by throwing
   * @throws ServiceException as {@link #end}
   */
  static void decode(byte[] encoded, Consumer<Buffer> taker) {
    try (var decoder = new GzipDecoder()) {
      decoder.feed(encoded);
      for (var piece = decoder.next(); piece != null; piece = decoder.next()) taker.accept(piece);
      decoder.end();
    }
  }

  /** Takes more, once {@link #next} has given all there was. */
  void feed(byte[] encoded) {
    input = encoded;
    at = 0;
  }

  /** Whether some of what was fed is still to be decoded. */
  boolean pending() {
    return at < input.length || state == State.CONTENT && (full || !inflater.needsInput());
  }

  /**
   * The next piece, null when more has to be fed first.
   *
   * @throws ServiceException {@link Failure#MALFORMED_REQUEST} when this isn't gzip, or damaged
   */
  Buffer next() {
    while (true) {
      if (state == State.CONTENT) {
        var decoded = content();
        if (decoded != null) return decoded;
        if (state == State.CONTENT) return null;
      } else if (at == input.length) {
        return null;
      } else {
        head();
      }
    }
  }

  /**
   * No more comes.
   *
   * @throws ServiceException as {@link #next}, when the end is missing
   */
  void end() {
    if (!begun || state != State.BETWEEN) throw malformed("ends too early");
  }

  /** Frees memory outside the heap. */
  @Override
  public void close() {
    inflater.end();
  }

  /** Null when the input or the content has ended, which the state tells. */
  private Buffer content() {
    try {
      if (inflater.needsInput() && at < input.length) {
        inflater.setInput(input, at, input.length - at);
        at = input.length;
      } else if (inflater.needsInput() && !full) {
        return null;
      }
      int length = inflater.inflate(piece);
      full = length == PIECE; // there may be more of the same input
      if (inflater.finished()) {
        at = input.length - inflater.getRemaining();
        to(State.TRAILER);
      } else if (length == 0 && (inflater.needsDictionary() || !inflater.needsInput())) {
        throw malformed("is damaged");
      }
      if (length == 0) return null;
      checksum.update(piece, 0, length);
      return Buffer.buffer(length).appendBytes(piece, 0, length);
    } catch (DataFormatException e) {
      throw malformed("is damaged");
    }
  }

  private void head() {
    switch (state) {
      case BETWEEN -> {
        begun = true;
        to(State.HEADER);
      }
      case HEADER -> {
        if (!read(HEADER)) return;
        boolean known = number(0, 2) == 0x8b1f && number(2, 1) == DEFLATE;
        flags = (int) number(3, 1);
        if (!known || (flags & RESERVED) != 0) throw malformed("does not begin as one");
        inflater.reset();
        full = false;
        checksum.reset();
        afterHeader(State.HEADER);
      }
      case EXTRA_LENGTH -> {
        if (!read(2)) return;
        skip = (int) number(0, 2);
        to(State.EXTRA);
        if (skip == 0) afterHeader(State.EXTRA);
      }
      case EXTRA -> {
        int skipped = Math.min(skip, input.length - at);
        at += skipped;
        skip -= skipped;
        if (skip == 0) afterHeader(State.EXTRA);
      }
      case NAME -> {
        if (input[at++] == 0) afterHeader(State.NAME);
      }
      case COMMENT -> {
        if (input[at++] == 0) afterHeader(State.COMMENT);
      }
      case HEADER_CHECKSUM -> {
        if (read(2)) to(State.CONTENT); // what it guards was checked by its meaning
      }
      case TRAILER -> {
        if (!read(TRAILER)) return;
        boolean whole =
            number(0, 4) == checksum.getValue()
                && number(4, 4) == (inflater.getBytesWritten() & 0xFFFFFFFFL);
        if (!whole) throw malformed("is damaged");
        to(State.BETWEEN);
      }
      default -> throw new IllegalStateException(state.toString());
    }
  }

  /** Goes on with the next optional field that the header announces, else with the content. */
  private void afterHeader(State done) {
    for (var field : OPTIONAL) {
      if (field.compareTo(done) > 0 && (flags & flag(field)) != 0) {
        to(field);
        return;
      }
    }
    to(State.CONTENT);
  }

  private static int flag(State field) {
    return switch (field) {
      case EXTRA_LENGTH -> 0x04;
      case NAME -> 0x08;
      case COMMENT -> 0x10;
      default -> 0x02;
    };
  }

  private void to(State next) {
    state = next;
    fixedLength = 0;
  }

  /** Whether {@code length} bytes of a fixed field have come. */
  private boolean read(int length) {
    int taken = Math.min(length - fixedLength, input.length - at);
    System.arraycopy(input, at, fixed, fixedLength, taken);
    at += taken;
    fixedLength += taken;
    return fixedLength == length;
  }

  private long number(int from, int length) {
    long number = 0;
    for (int i = from + length - 1; i >= from; i--) number = number << 8 | fixed[i] & 0xFF;
    return number;
  }

  private static ServiceException malformed(String how) {
    return Failure.MALFORMED_REQUEST.because("The body is said to be gzip, and " + how);
  }
}
