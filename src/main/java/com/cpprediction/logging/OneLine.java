package com.cpprediction.logging;

/** Keeps what callers send from looking like lines of their own, or from steering a terminal. */
final class OneLine {
  private static final char LINE_SEPARATOR = '\u2028';
  private static final char PARAGRAPH_SEPARATOR = '\u2029';

  private OneLine() {}

  /** {@code text} with its line breaks and control characters written out. */
  static String of(String text) {
    return of(text, "");
  }

  /**
   * As {@link #of(String)}.
   *
   * @param kept control characters to leave as they are
   */
  static String of(String text, String kept) {
    StringBuilder clean = null; // most texts are clean
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean dirty = control(c) && kept.indexOf(c) < 0;
      if (dirty && clean == null) clean = new StringBuilder(text.length() + 8).append(text, 0, i);
      if (clean == null) continue;
      if (dirty) clean.append(written(c));
      else clean.append(c);
    }
    return clean == null ? text : clean.toString();
  }

  private static boolean control(char c) {
    return Character.isISOControl(c) || c == LINE_SEPARATOR || c == PARAGRAPH_SEPARATOR;
  }

  private static String written(char c) {
    return switch (c) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> "\\u%04x".formatted((int) c);
    };
  }
}
