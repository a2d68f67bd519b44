package com.cpprediction.json;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/**
 * A JSON document being written as UTF-8, byte for byte as {@link
 * io.vertx.core.json.JsonObject#toBuffer} writes it. For one thread.
 */
public final class JsonBytes {
  private static final byte[] DIGITS = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] HEX = "0123456789ABCDEF".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] ZERO = "0.0".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] ONE = "1.0".getBytes(StandardCharsets.US_ASCII);
  private static final int MILLION = 1_000_000;
  private static final int LONGEST_NUMBER = 8; // 0.123456
  private static final int UUID_LENGTH = 36;

  private byte[] bytes;
  private int length;

  /**
   * @param capacity expected bytes
   */
  public JsonBytes(int capacity) {
    bytes = new byte[capacity];
  }

  public int length() {
    return length;
  }

  /** The bytes written so far, followed by unused ones from {@link #length} on; not copied. */
  public byte[] array() {
    return bytes;
  }

  /** The document written so far. */
  @Override
  public String toString() {
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }

  /** Appends bytes as they are: JSON, or bytes after the document. */
  public JsonBytes raw(byte[] json) {
    return raw(json, json.length);
  }

  /** As {@link #raw(byte[])}, of the first {@code count} bytes. */
  public JsonBytes raw(byte[] json, int count) {
    reserve(count);
    System.arraycopy(json, 0, bytes, length, count);
    length += count;
    return this;
  }

  /** Appends a character of ASCII, such as a bracket. */
  public JsonBytes raw(char ascii) {
    reserve(1);
    bytes[length++] = (byte) ascii;
    return this;
  }

  /** Appends a whole number. */
  public JsonBytes number(int value) {
    return raw(Integer.toString(value).getBytes(StandardCharsets.US_ASCII));
  }

  /** Appends {@code value} as {@link Double#toString(double)} writes it. */
  public JsonBytes number(double value) {
    if (value == 1) return raw(ONE);
    if (Double.doubleToRawLongBits(value) == 0) return raw(ZERO);
    long millionths = Math.round(value * MILLION);
    boolean exact =
        millionths > 0 && millionths < MILLION && (double) millionths / MILLION == value;
    if (!exact) return raw(Double.toString(value).getBytes(StandardCharsets.US_ASCII));
    reserve(LONGEST_NUMBER);
    if (millionths < 1_000) scientific((int) millionths);
    else decimal((int) millionths);
    return this;
  }

  /** Writes 0.001 to 0.999999. */
  private void decimal(int millionths) {
    bytes[length++] = '0';
    bytes[length++] = '.';
    int rest = millionths;
    for (int unit = MILLION / 10; rest > 0; unit /= 10) {
      bytes[length++] = (byte) ('0' + rest / unit);
      rest %= unit;
    }
  }

  /** Writes 1.0E-6 to 9.99E-4. */
  private void scientific(int millionths) {
    int exponent = millionths >= 100 ? 4 : millionths >= 10 ? 5 : 6;
    int unit = millionths >= 100 ? 100 : millionths >= 10 ? 10 : 1;
    bytes[length++] = (byte) ('0' + millionths / unit);
    bytes[length++] = '.';
    int rest = millionths % unit;
    do {
      unit /= 10;
      bytes[length++] = (byte) (unit == 0 ? '0' : '0' + rest / unit);
      rest = unit == 0 ? 0 : rest % unit;
    } while (rest > 0);
    bytes[length++] = 'E';
    bytes[length++] = '-';
    bytes[length++] = (byte) ('0' + exponent);
  }

  /** Appends {@code value} as a string. */
  public JsonBytes text(UUID value) {
    reserve(UUID_LENGTH + 2);
    bytes[length++] = '"';
    hex(value.getMostSignificantBits() >>> 32, 8);
    bytes[length++] = '-';
    hex(value.getMostSignificantBits() >>> 16, 4);
    bytes[length++] = '-';
    hex(value.getMostSignificantBits(), 4);
    bytes[length++] = '-';
    hex(value.getLeastSignificantBits() >>> 48, 4);
    bytes[length++] = '-';
    hex(value.getLeastSignificantBits(), 12);
    bytes[length++] = '"';
    return this;
  }

  private void hex(long value, int digits) {
    for (int i = digits - 1; i >= 0; i--) {
      bytes[length++] = DIGITS[(int) (value >>> 4 * i) & 0xF];
    }
  }

  /**
   * Appends {@code value} as a string.
   *
   * @param value without a surrogate that is no half of a pair
   */
  public JsonBytes text(String value) {
    int characters = value.length();
    reserve(characters + 2);
    bytes[length++] = '"';
    for (int i = 0; i < characters; i++) {
      char c = value.charAt(i);
      if (c < ' ' || c == '"' || c == '\\' || c >= 0x7F) return rest(value, i);
      bytes[length++] = (byte) c;
    }
    bytes[length++] = '"';
    return this;
  }

  /** Appends a string from its first character on that may be more than one byte. */
  private JsonBytes rest(String value, int from) {
    reserve(6 * (value.length() - from) + 1); // an escape is six bytes, a character three at most
    for (int i = from; i < value.length(); i++) {
      char c = value.charAt(i);
      if (Character.isSurrogate(c)) beyondBmp(Character.toCodePoint(c, value.charAt(++i)));
      else if (c >= 0x80) beyondAscii(c);
      else if (c < ' ' || c == '"' || c == '\\') escape(c);
      else bytes[length++] = (byte) c;
    }
    bytes[length++] = '"';
    return this;
  }

  private void escape(char c) {
    bytes[length++] = '\\';
    switch (c) {
      case '"', '\\' -> bytes[length++] = (byte) c;
      case '\b' -> bytes[length++] = 'b';
      case '\f' -> bytes[length++] = 'f';
      case '\n' -> bytes[length++] = 'n';
      case '\r' -> bytes[length++] = 'r';
      case '\t' -> bytes[length++] = 't';
      default -> {
        bytes[length++] = 'u';
        bytes[length++] = '0';
        bytes[length++] = '0';
        bytes[length++] = HEX[c >> 4];
        bytes[length++] = HEX[c & 0xF];
      }
    }
  }

  private void beyondAscii(char c) {
    if (c < 0x800) {
      bytes[length++] = (byte) (0xC0 | c >> 6);
    } else {
      bytes[length++] = (byte) (0xE0 | c >> 12);
      bytes[length++] = (byte) (0x80 | c >> 6 & 0x3F);
    }
    bytes[length++] = (byte) (0x80 | c & 0x3F);
  }

  private void beyondBmp(int codePoint) {
    bytes[length++] = (byte) (0xF0 | codePoint >> 18);
    bytes[length++] = (byte) (0x80 | codePoint >> 12 & 0x3F);
    bytes[length++] = (byte) (0x80 | codePoint >> 6 & 0x3F);
    bytes[length++] = (byte) (0x80 | codePoint & 0x3F);
  }

  private void reserve(int more) {
    int needed = length + more;
    if (needed > bytes.length) bytes = Arrays.copyOf(bytes, Math.max(needed, 2 * bytes.length));
  }
}
