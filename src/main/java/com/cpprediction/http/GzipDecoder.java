package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * Incremental gzip decoder (RFC 1952). The consumer pulls decoded pieces and so bounds its memory,
 * however far a small input expands. Not thread-safe.
 */
final class GzipDecoder implements AutoCloseable {
  /** Largest decoded piece, in bytes. */
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
  private int position;
  private State state = State.BETWEEN;
  private final byte[] fixed = new byte[HEADER]; // a field of fixed length, possibly incomplete
  private int fixedLength;
  private int flags;
  private int skip;
  private boolean started;
  private boolean full;

  /** The next expected part. */
  private enum State {
    /** Another member or the end of the input. */
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
   * Decodes all of {@code encoded}.
   *
   * @param taker receives each piece; may stop decoding by throwing
   * @throws ServiceException as {@link #end}
   */
  static void decode(byte[] encoded, Consumer<Buffer> taker) {
    try (var decoder = new GzipDecoder()) {
      decoder.feed(encoded);
      for (var piece = decoder.next(); piece != null; piece = decoder.next()) taker.accept(piece);
      decoder.end();
    }
  }

  /** Sets the next input; the previous one must be exhausted. */
  void feed(byte[] encoded) {
    input = encoded;
    position = 0;
  }

  /** Whether the input is not fully decoded. */
  boolean pending() {
    return position < input.length || state == State.CONTENT && (full || !inflater.needsInput());
  }

  /**
   * The next piece, unless more input is needed.
   *
   * @throws ServiceException {@link Failure#MALFORMED_REQUEST} when the input is damaged or not
   *     gzip
   */
  @Nullable Buffer next() {
    while (true) {
      if (state == State.CONTENT) {
        var decoded = content();
        if (decoded != null) return decoded;
        if (state == State.CONTENT) return null;
      } else if (position == input.length) {
        return null;
      } else {
        readFraming();
      }
    }
  }

  /**
   * Ends the input.
   *
   * @throws ServiceException as {@link #next}, when the input is incomplete
   */
  void end() {
    if (!started || state != State.BETWEEN) throw malformed("ends too early");
  }

  /** Frees memory outside the heap. */
  @Override
  public void close() {
    inflater.end();
  }

  /** The next piece; none at the end of the input or of the content, depending on the state. */
  private @Nullable Buffer content() {
    try {
      if (inflater.needsInput() && position < input.length) {
        inflater.setInput(input, position, input.length - position);
        position = input.length;
      } else if (inflater.needsInput() && !full) {
        return null;
      }
      int length = inflater.inflate(piece);
      full = length == PIECE; // the same input may hold more
      if (inflater.finished()) {
        position = input.length - inflater.getRemaining();
        enter(State.TRAILER);
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

  private void readFraming() {
    switch (state) {
      case BETWEEN -> {
        started = true;
        enter(State.HEADER);
      }
      case HEADER -> {
        if (!fill(HEADER)) return;
        boolean known = littleEndian(0, 2) == 0x8b1f && littleEndian(2, 1) == DEFLATE;
        flags = (int) littleEndian(3, 1);
        if (!known || (flags & RESERVED) != 0) throw malformed("does not begin as one");
        inflater.reset();
        full = false;
        checksum.reset();
        afterHeader(State.HEADER);
      }
      case EXTRA_LENGTH -> {
        if (!fill(2)) return;
        skip = (int) littleEndian(0, 2);
        enter(State.EXTRA);
        if (skip == 0) afterHeader(State.EXTRA);
      }
      case EXTRA -> {
        int skipped = Math.min(skip, input.length - position);
        position += skipped;
        skip -= skipped;
        if (skip == 0) afterHeader(State.EXTRA);
      }
      case NAME -> {
        if (input[position++] == 0) afterHeader(State.NAME);
      }
      case COMMENT -> {
        if (input[position++] == 0) afterHeader(State.COMMENT);
      }
      case HEADER_CHECKSUM -> {
        if (fill(2)) enter(State.CONTENT); // not verified: the header's fields were validated
      }
      case TRAILER -> {
        if (!fill(TRAILER)) return;
        boolean whole =
            littleEndian(0, 4) == checksum.getValue()
                && littleEndian(4, 4) == (inflater.getBytesWritten() & 0xFFFFFFFFL);
        if (!whole) throw malformed("is damaged");
        enter(State.BETWEEN);
      }
      default -> throw new IllegalStateException(state.toString());
    }
  }

  /** Enters the next optional field that the header flags, else the content. */
  private void afterHeader(State current) {
    for (var field : OPTIONAL) {
      if (field.compareTo(current) > 0 && (flags & flag(field)) != 0) {
        enter(field);
        return;
      }
    }
    enter(State.CONTENT);
  }

  private static int flag(State field) {
    return switch (field) {
      case EXTRA_LENGTH -> 0x04;
      case NAME -> 0x08;
      case COMMENT -> 0x10;
      default -> 0x02;
    };
  }

  private void enter(State next) {
    state = next;
    fixedLength = 0;
  }

  /** Reads into a field of fixed length; true once all {@code length} bytes are there. */
  private boolean fill(int length) {
    int taken = Math.min(length - fixedLength, input.length - position);
    System.arraycopy(input, position, fixed, fixedLength, taken);
    position += taken;
    fixedLength += taken;
    return fixedLength == length;
  }

  private long littleEndian(int from, int length) {
    long value = 0;
    for (int i = from + length - 1; i >= from; i--) value = value << 8 | fixed[i] & 0xFF;
    return value;
  }

  private static ServiceException malformed(String how) {
    return Failure.MALFORMED_REQUEST.because("The body is said to be gzip, and " + how);
  }
}
