package com.cpprediction.prediction;

import java.util.Arrays;

/**
 * The words and numbers of an address, in one pass over its normalised, folded text. A word is a
 * run of letters and marks, a number a run of decimal digits; one may follow the other without a
 * gap, as in "Delhi110008".
 */
final class Tokens {
  /** In {@link #kind} for a number; a word has its kind of {@link CueWords}. */
  static final byte NUMBER = -1;

  // Characters of a gap; none means that the neighbours touch.
  static final int BLANK = 1;
  static final int DASH = 1 << 1;
  static final int DOT = 1 << 2;
  static final int COMMA = 1 << 3;
  static final int LINE = 1 << 4;
  static final int SEMICOLON = 1 << 5;
  static final int COLON = 1 << 6;
  static final int SLASH = 1 << 7;
  static final int PLUS = 1 << 8;
  static final int HASH = 1 << 9;
  static final int OPEN = 1 << 10;
  static final int CLOSE = 1 << 11;
  static final int TELEPHONE = 1 << 12;
  static final int OTHER = 1 << 13;

  /** More than {@value #FEW} characters other than blanks. */
  static final int LONG = 1 << 14;

  private static final int FEW = 2;

  private static final int CHARACTERS = 4; // of a token and the gap after it, at least as a rule
  private static final int MOST_EXPECTED = 48;

  private static final int LETTER = -1;
  private static final int DIGIT = -2;
  private static final int NOTHING = -3; // such as a zero-width joiner: doesn't part its neighbours
  private static final int[] ASCII = new int[128];

  // U+00A0, U+2013 and U+2014 in UTF-8 and windows-1252, read as code page 437.
  private static final char MISREAD_LEAD = '\u252c';
  private static final String MISREAD_DASHES = "\u00fb\u00f9";
  private static final char MISREAD_BLANK = '\u00e1';

  static {
    Arrays.fill(ASCII, OTHER);
    for (char c = 'a'; c <= 'z'; c++) ASCII[c] = ASCII[c - 'a' + 'A'] = LETTER;
    for (char c = '0'; c <= '9'; c++) ASCII[c] = DIGIT;
    ASCII[' '] = ASCII['\t'] = BLANK;
    ASCII['\n'] = ASCII['\r'] = ASCII['\f'] = ASCII[0x0b] = LINE;
    ASCII['-'] = ASCII['~'] = DASH;
    ASCII['.'] = DOT;
    ASCII[','] = COMMA;
    ASCII[';'] = ASCII['|'] = SEMICOLON;
    ASCII[':'] = ASCII['='] = COLON;
    ASCII['/'] = ASCII['\\'] = ASCII['&'] = SLASH;
    ASCII['+'] = PLUS;
    ASCII['#'] = HASH;
    ASCII['('] = ASCII['['] = ASCII['{'] = OPEN;
    ASCII[')'] = ASCII[']'] = ASCII['}'] = CLOSE;
  }

  /** The tokens, with a blank wherever there was a gap. */
  final char[] text;

  int length;
  int count;
  int[] start;
  int[] end;
  byte[] kind;

  /** Characters before the token of the same index; after the last token: before the end. */
  int[] gap;

  private boolean open; // the last token may go on
  private int marks; // in the last gap, other than blanks
  private int hash; // of the last token

  /**
   * @param folded NFKC, in lower case except for ASCII
   */
  Tokens(String folded) {
    int length = folded.length();
    text = new char[2 * length]; // a blank before each token
    int expected = Math.min(MOST_EXPECTED, 2 + length / CHARACTERS);
    start = new int[expected];
    end = new int[expected];
    kind = new byte[expected];
    gap = new int[expected + 1];
    for (int i = 0; i < length; ) {
      char c = folded.charAt(i++);
      if (c < ASCII.length) {
        add(ASCII[c], c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c, (char) 0);
      } else if (c == MISREAD_LEAD && i < length && folded.charAt(i) >= ASCII.length) {
        addGap(misread(folded.charAt(i++)));
      } else if (Character.isHighSurrogate(c) && i < length) {
        char low = folded.charAt(i);
        if (Character.isLowSurrogate(low)) {
          int code = Character.toCodePoint(c, low);
          i++;
          int what = classOf(code);
          if (what == DIGIT) add(DIGIT, digit(code), (char) 0);
          else add(what, c, low);
        } else {
          addGap(OTHER);
        }
      } else {
        int what = classOf(c);
        add(what, what == DIGIT ? digit(c) : c, (char) 0);
      }
    }
    endToken();
  }

  boolean isNumber(int i) {
    return i >= 0 && i < count && kind[i] == NUMBER;
  }

  boolean isWord(int i) {
    return i >= 0 && i < count && kind[i] != NUMBER;
  }

  int length(int i) {
    return end[i] - start[i];
  }

  char first(int i) {
    return text[start[i]];
  }

  /** Whether the token is the one character {@code c}. */
  boolean is(int i, char c) {
    return i >= 0 && i < count && length(i) == 1 && text[start[i]] == c;
  }

  /** Whether the number at {@code i} is India's country code. */
  boolean is91(int i) {
    return length(i) == 2 && text[start[i]] == '9' && text[start[i] + 1] == '1';
  }

  /** Whether token {@code i} is {@code word}. */
  boolean is(int i, String word) {
    if (length(i) != word.length()) return false;
    for (int k = 0; k < word.length(); k++) if (text[start[i] + k] != word.charAt(k)) return false;
    return true;
  }

  private void add(int what, char c, char low) {
    if (what >= 0) {
      addGap(what);
      return;
    }
    if (what == NOTHING) return;
    boolean number = what == DIGIT;
    if (!open || kind[count - 1] == NUMBER != number) startToken(number);
    append(c);
    if (low != 0) append(low);
  }

  private void append(char c) {
    hash = CueWords.step(hash, c);
    text[length++] = c;
  }

  private void startToken(boolean number) {
    endToken();
    if (count == start.length) grow();
    if (gap[count] != 0 && count > 0) text[length++] = ' ';
    start[count] = length;
    kind[count] = number ? NUMBER : CueWords.OTHER;
    count++;
    gap[count] = 0;
    marks = 0;
    hash = CueWords.start();
    open = true;
  }

  private void endToken() {
    if (!open) return;
    open = false;
    int last = count - 1;
    end[last] = length;
    if (kind[last] != NUMBER) kind[last] = CueWords.kind(text, start[last], length, hash);
  }

  private void addGap(int what) {
    endToken();
    if (what != BLANK && what != LINE && ++marks > FEW) gap[count] |= LONG;
    gap[count] |= what;
  }

  private void grow() {
    int size = 2 * count;
    start = Arrays.copyOf(start, size);
    end = Arrays.copyOf(end, size);
    kind = Arrays.copyOf(kind, size);
    gap = Arrays.copyOf(gap, size + 1);
  }

  private static char digit(int code) {
    return (char) ('0' + Character.digit(code, 10));
  }

  private static int misread(char c) {
    if (c == MISREAD_BLANK) return BLANK;
    return MISREAD_DASHES.indexOf(c) >= 0 ? DASH : OTHER;
  }

  private static int classOf(int c) {
    return switch (Character.getType(c)) {
      case Character.DECIMAL_DIGIT_NUMBER -> DIGIT;
      case Character.UPPERCASE_LETTER,
          Character.LOWERCASE_LETTER,
          Character.TITLECASE_LETTER,
          Character.MODIFIER_LETTER,
          Character.OTHER_LETTER,
          Character.NON_SPACING_MARK,
          Character.COMBINING_SPACING_MARK ->
          LETTER;
      case Character.FORMAT -> NOTHING;
      case Character.SPACE_SEPARATOR -> BLANK;
      case Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.CONTROL -> LINE;
      case Character.DASH_PUNCTUATION -> DASH;
      default -> other(c);
    };
  }

  private static int other(int c) {
    return switch (c) {
      case '\u2212', '\u30fb', '\u00af' -> DASH; // minus, and signs of code pages for a dash
      case '\u3001', '\u060c' -> COMMA;
      case '\u3002', '\u0964', '\u00b7', '\u2022' -> DOT;
      case '\u260e', '\u260f', '\u2706', 0x1f4de, 0x1f4f1, 0x1f4f2, 0x1f57b, 0x1f57f -> TELEPHONE;
      default -> OTHER;
    };
  }
}
