package com.cpprediction.csv;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a text, plain or compressed by gzip, in UTF-8 or UTF-16. A line that is not UTF-8 is
 * read as Windows-1252, the superset of Latin-1 that spreadsheet programs write. Lines end with LF,
 * CR or both. Used by one thread.
 */
final class TextLines implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  /** Maximum bytes of a line. */
  private static final int MAX_LINE = 1 << 22;

  private static final Charset WINDOWS = Charset.forName("windows-1252");

  private final String name;
  private final InputStream in;
  private final boolean marked;
  private final CharsetDecoder utf8 =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT);
  private byte[] buffer = new byte[BUFFER];
  private int from;
  private int to;
  private long number;
  private long foreign;
  private long firstForeign;

  /**
   * A line.
   *
   * @param end its line break; empty at the end of the file
   * @param number from 1
   */
  record Line(String text, String end, long number) {}

  private TextLines(String name, InputStream in, boolean marked) {
    this.name = name;
    this.in = in;
    this.marked = marked;
  }

  /**
   * @param name of the text in messages
   * @throws InputException when it is of another format
   */
  static TextLines of(String name, InputStream in) throws IOException {
    var bytes = new BufferedInputStream(in, BUFFER);
    var head = head(bytes);
    if (Formats.isGzip(head)) {
      bytes = new BufferedInputStream(new GZIPInputStream(bytes, BUFFER), BUFFER);
      head = head(bytes);
    }
    var other = Formats.named(head);
    if (other != null) throw new InputException(name + " is " + other);
    if (begins(head, 0xef, 0xbb, 0xbf)) {
      bytes.skipNBytes(3);
      return new TextLines(name, bytes, true);
    }
    var utf16 = utf16(head);
    if (utf16 == null) return new TextLines(name, bytes, false);
    boolean mark = begins(head, 0xff, 0xfe) || begins(head, 0xfe, 0xff);
    if (mark) bytes.skipNBytes(2);
    return new TextLines(name, new Utf16(bytes, utf16), true);
  }

  private static byte[] head(InputStream in) throws IOException {
    in.mark(Formats.HEAD);
    var head = in.readNBytes(Formats.HEAD);
    in.reset();
    return head;
  }

  private static boolean begins(byte[] head, int... bytes) {
    if (head.length < bytes.length) return false;
    for (int i = 0; i < bytes.length; i++) if ((head[i] & 0xff) != bytes[i]) return false;
    return true;
  }

  /** UTF-16 by its byte order mark, or by the zeros of its ASCII characters; null for none. */
  private static @Nullable Charset utf16(byte[] head) {
    if (begins(head, 0xff, 0xfe)) return StandardCharsets.UTF_16LE;
    if (begins(head, 0xfe, 0xff)) return StandardCharsets.UTF_16BE;
    int[] zeros = new int[2];
    for (int i = 0; i < head.length; i++) if (head[i] == 0) zeros[i & 1]++;
    int most = head.length / 2;
    if (zeros[1] > most / 2 && zeros[0] == 0) return StandardCharsets.UTF_16LE;
    if (zeros[0] > most / 2 && zeros[1] == 0) return StandardCharsets.UTF_16BE;
    return null;
  }

  /** Whether the text began with a byte order mark or is in UTF-16, as spreadsheets write it. */
  boolean isMarked() {
    return marked;
  }

  /** Number of lines that are not UTF-8. */
  long foreign() {
    return foreign;
  }

  /** Number of the first line that is not UTF-8; 0 for none. */
  long firstForeign() {
    return firstForeign;
  }

  /**
   * The next line.
   *
   * @return null at the end of the text
   */
  @Nullable Line next() throws IOException {
    int length = 0;
    int seen = 0; // all bytes of the line, by or
    while (true) {
      for (; from + length < to; length++) {
        byte b = buffer[from + length];
        if (b == '\n' || b == '\r') return line(length, seen, lineBreak(length));
        seen |= b;
      }
      if (length >= MAX_LINE) {
        throw new InputException(
            "line %d of %s is longer than %d bytes; is it CSV?"
                .formatted(number + 1, name, MAX_LINE));
      }
      if (!fill()) return length == 0 ? null : line(length, seen, "");
    }
  }

  private String lineBreak(int at) throws IOException {
    if (buffer[from + at] == '\n') return "\n";
    boolean more = from + at + 1 < to || fill();
    return more && buffer[from + at + 1] == '\n' ? "\r\n" : "\r";
  }

  private Line line(int length, int seen, String lineBreak) {
    number++;
    var text = decode(length, seen >= 0);
    from += length + lineBreak.length();
    return new Line(text, lineBreak, number);
  }

  private String decode(int length, boolean ascii) {
    if (ascii) return new String(buffer, from, length, StandardCharsets.ISO_8859_1);
    try {
      return utf8.decode(ByteBuffer.wrap(buffer, from, length)).toString();
    } catch (CharacterCodingException e) {
      if (foreign++ == 0) firstForeign = number;
      return new String(buffer, from, length, WINDOWS);
    }
  }

  /** Reads on behind {@code to}; false at the end. */
  private boolean fill() throws IOException {
    if (from > 0) {
      System.arraycopy(buffer, from, buffer, 0, to - from);
      to -= from;
      from = 0;
    }
    if (to == buffer.length) buffer = Arrays.copyOf(buffer, 2 * to);
    int read = in.read(buffer, to, buffer.length - to);
    if (read > 0) to += read;
    return read > 0;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /** UTF-16 as UTF-8; half of a surrogate pair becomes a replacement character. */
  private static final class Utf16 extends InputStream {
    private final InputStreamReader in;
    private final char[] chars = new char[BUFFER / 4];
    private int kept; // characters that wait for their second half
    private byte[] bytes = new byte[0];
    private int at;

    Utf16(InputStream in, Charset charset) {
      this.in = new InputStreamReader(in, charset);
    }

    @Override
    public int read() throws IOException {
      return at < bytes.length || fill() ? bytes[at++] & 0xff : -1;
    }

    @Override
    public int read(byte[] into, int start, int length) throws IOException {
      if (length == 0) return 0;
      if (at == bytes.length && !fill()) return -1;
      int count = Math.min(length, bytes.length - at);
      System.arraycopy(bytes, at, into, start, count);
      at += count;
      return count;
    }

    private boolean fill() throws IOException {
      int read = in.read(chars, kept, chars.length - kept);
      int size = kept + Math.max(0, read);
      if (size == 0) return false;
      kept = read > 0 && Character.isHighSurrogate(chars[size - 1]) ? 1 : 0;
      bytes = new String(chars, 0, size - kept).getBytes(StandardCharsets.UTF_8);
      if (kept > 0) chars[0] = chars[size - 1];
      at = 0;
      return bytes.length > 0 || fill();
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
