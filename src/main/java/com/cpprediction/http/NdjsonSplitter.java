package com.cpprediction.http;

import com.cpprediction.serving.Item;
import io.vertx.core.buffer.Buffer;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Cuts bytes into lines, however they arrive, and keeps no more than one. A line ends with LF or
 * CRLF, the last one also with the end; a byte order mark before the first is no part of it. Blank
 * lines are left out.
 */
public final class NdjsonSplitter {
  /** Bytes of a line at most: the longest shipment, with each character as two escapes, fits. */
  static final int MAX_LENGTH = Item.MAX_LINE;

  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private final Consumer<Line> out;
  private byte[] begun = new byte[256];
  private int length;
  private boolean tooLong;
  private long ended;

  /**
   * @param number from 1, blank lines counted
   * @param content without its end; null when it is longer than {@value #MAX_LENGTH} bytes
   */
  public record Line(long number, byte[] content) {
    /** Bytes that are kept of it. */
    int length() {
      return content == null ? 0 : content.length;
    }
  }

  /**
   * @param out takes each line as soon as it has ended
   */
  NdjsonSplitter(Consumer<Line> out) {
    this.out = out;
  }

  /** Lines that have ended. */
  long ended() {
    return ended;
  }

  /** Whether a line has begun that has not ended. */
  boolean begun() {
    return length > 0 || tooLong;
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

  /** No more comes. */
  void end() {
    if (begun()) endLine();
  }

  private void append(byte[] bytes, int from, int to) {
    int size = length + to - from;
    if (size > MAX_LENGTH + BYTE_ORDER_MARK.length + 1) { // with a CR that is no part of it
      tooLong = true;
      length = 0;
    }
    if (tooLong) return;
    if (size > begun.length) begun = Arrays.copyOf(begun, Math.max(size, 2 * begun.length));
    System.arraycopy(bytes, from, begun, length, to - from);
    length = size;
  }

  private void endLine() {
    ended++;
    int start = ended == 1 && marked() ? BYTE_ORDER_MARK.length : 0;
    int end = length > start && begun[length - 1] == '\r' ? length - 1 : length;
    if (tooLong || end - start > MAX_LENGTH) {
      out.accept(new Line(ended, null));
    } else if (!blank(start, end)) {
      out.accept(new Line(ended, Arrays.copyOfRange(begun, start, end)));
    }
    length = 0;
    tooLong = false;
  }

  private boolean marked() {
    int mark = BYTE_ORDER_MARK.length;
    return length >= mark && Arrays.equals(begun, 0, mark, BYTE_ORDER_MARK, 0, mark);
  }

  private boolean blank(int start, int end) {
    for (int i = start; i < end; i++) {
      if (begun[i] != ' ' && begun[i] != '\t' && begun[i] != '\r') return false;
    }
    return true;
  }
}
