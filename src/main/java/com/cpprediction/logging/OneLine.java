package com.cpprediction.logging;

/** Escapes control characters, so that callers can't forge log lines or control a terminal. */
final class OneLine {
  private static final char LINE_SEPARATOR = '\u2028';
  private static final char PARAGRAPH_SEPARATOR = '\u2029';

  private OneLine() {}

  /** {@code text} with line breaks and control characters escaped. */
  static String of(String text) {
    return of(text, "");
  }

  /**
   * As {@link #of(String)}.
   *
   * @param kept control characters left unescaped
   */
  static String of(String text, String kept) {
    StringBuilder out = null; // most texts are clean
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean escape = isControl(c) && kept.indexOf(c) < 0;
      if (escape && out == null) out = new StringBuilder(text.length() + 8).append(text, 0, i);
      if (out == null) continue;
      if (escape) out.append(escaped(c));
      else out.append(c);
    }
    return out == null ? text : out.toString();
  }

  private static boolean isControl(char c) {
    return Character.isISOControl(c) || c == LINE_SEPARATOR || c == PARAGRAPH_SEPARATOR;
  }

  private static String escaped(char c) {
    return switch (c) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> "\\u%04x".formatted((int) c);
    };
  }
}
