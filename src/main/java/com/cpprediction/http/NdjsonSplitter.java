package com.cpprediction.http;

import com.cpprediction.serving.Item;
import io.vertx.core.buffer.Buffer;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Splits bytes into lines and buffers at most one incomplete line. A line ends with LF, CRLF or the
 * end of input; a leading byte order mark and blank lines are dropped.
 */
final class NdjsonSplitter {
  /** Longest line in bytes; fits the longest shipment with every character as two escapes. */
  static final int MAX_LENGTH = Item.MAX_LINE;

  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private final Consumer<Line> consumer;
  private byte[] partial = new byte[256];
  private int length;
  private boolean overlong;
  private long lineCount;

  /**
   * @param number from 1, counting blank lines
   * @param content without the line end; absent for a line over {@value #MAX_LENGTH} bytes
   */
  record Line(long number, byte @Nullable [] content) {
    /** Buffered bytes. */
    int length() {
      return content == null ? 0 : content.length;
    }
  }

  /**
   * @param consumer receives each line once it is complete
   */
  NdjsonSplitter(Consumer<Line> consumer) {
    this.consumer = consumer;
  }

  /** Number of complete lines, blank ones included. */
  long lines() {
    return lineCount;
  }

  boolean hasPartialLine() {
    return length > 0 || overlong;
  }

  void add(Buffer chunk) {
    var bytes = chunk.getBytes();
    int start = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] != '\n') continue;
      append(bytes, start, i);
      endLine();
      start = i + 1;
    }
    append(bytes, start, bytes.length);
  }

  /** Ends the input. */
  void end() {
    if (hasPartialLine()) endLine();
  }

  private void append(byte[] bytes, int from, int to) {
    int size = length + to - from;
    if (size > MAX_LENGTH + BYTE_ORDER_MARK.length + 1) { // the CR is not part of the line
      overlong = true;
      length = 0;
    }
    if (overlong) return;
    if (size > partial.length) partial = Arrays.copyOf(partial, Math.max(size, 2 * partial.length));
    System.arraycopy(bytes, from, partial, length, to - from);
    length = size;
  }

  private void endLine() {
    lineCount++;
    int start = lineCount == 1 && startsWithMark() ? BYTE_ORDER_MARK.length : 0;
    int end = length > start && partial[length - 1] == '\r' ? length - 1 : length;
    if (overlong || end - start > MAX_LENGTH) {
      consumer.accept(new Line(lineCount, null));
    } else if (!blank(start, end)) {
      consumer.accept(new Line(lineCount, Arrays.copyOfRange(partial, start, end)));
    }
    length = 0;
    overlong = false;
  }

  private boolean startsWithMark() {
    int markLength = BYTE_ORDER_MARK.length;
    return length >= markLength
        && Arrays.equals(partial, 0, markLength, BYTE_ORDER_MARK, 0, markLength);
  }

  private boolean blank(int start, int end) {
    for (int i = start; i < end; i++) {
      if (partial[i] != ' ' && partial[i] != '\t' && partial[i] != '\r') return false;
    }
    return true;
  }
}
