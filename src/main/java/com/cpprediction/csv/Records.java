package com.cpprediction.csv;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Splits lines into the values of records (RFC 4180). A quote within a value ends it only before a
 * separator or the end of the line, and is part of it elsewhere. A value may have line breaks if
 * all its quotes are written twice; a quote that is not closed by that rule is part of the value,
 * and its record ends with the line. Used by one thread.
 */
final class Records {
  /** Separator of a file with one column: none. */
  static final char NONE = '\0';

  /** Maximum lines of a record; a quote that is open for longer is not closed. */
  static final int MAX_LINES = 50;

  private final TextLines lines;
  private final Deque<TextLines.Line> ahead = new ArrayDeque<>();
  private char separator = NONE;
  private int columns;
  private int key = -1;
  private Predicate<String> isKey = value -> false;

  /**
   * A record.
   *
   * @param line number of its first line, from 1
   * @param isOpen whether a quote of it is not closed
   */
  record Parsed(List<String> values, long line, boolean isOpen) {}

  private enum End {
    CLOSED,
    /** Within quotes. */
    OPEN,
    /** As CLOSED or OPEN, with a single quote within quotes. */
    RAGGED
  }

  /** Values of a text. */
  private record Split(List<String> values, End end) {}

  Records(TextLines lines) {
    this.lines = lines;
  }

  /** The next line that is not empty, which stays the next. */
  TextLines.@Nullable Line peek() throws IOException {
    var line = nextLine();
    while (line != null && line.text().isEmpty()) line = nextLine();
    if (line != null) ahead.addFirst(line);
    return line;
  }

  /**
   * The next line and those after it until all quotes are closed, which stay the next; empty if
   * they are not closed within {@link #MAX_LINES}.
   */
  String peekQuoted() throws IOException {
    var taken = new ArrayDeque<TextLines.Line>();
    var text = new StringBuilder();
    long quotes = 0;
    do {
      var line = nextLine();
      if (line == null) break;
      taken.addLast(line);
      text.append(line.text()).append(line.end());
      quotes += line.text().chars().filter(c -> c == '"').count();
    } while (quotes % 2 != 0 && taken.size() < MAX_LINES);
    while (!taken.isEmpty()) ahead.addFirst(taken.removeLast());
    return quotes % 2 == 0 ? text.toString().stripTrailing() : "";
  }

  /** Leaves the next line out. */
  void skip() throws IOException {
    nextLine();
  }

  void separateBy(char separator) {
    this.separator = separator;
  }

  /**
   * Describes a record, to tell an unclosed quote by the records that it would swallow.
   *
   * @param columns number of its values
   * @param key index of a value that text is not taken for; negative for none
   * @param isKey whether a value can be that one
   */
  void expect(int columns, int key, Predicate<String> isKey) {
    this.columns = columns;
    this.key = key;
    this.isKey = isKey;
  }

  private TextLines.@Nullable Line nextLine() throws IOException {
    return ahead.isEmpty() ? lines.next() : ahead.removeFirst();
  }

  /**
   * The next record; empty lines are left out.
   *
   * @return null at the end of the text
   */
  @Nullable Parsed next() throws IOException {
    var first = peek();
    if (first == null) return null;
    skip();
    var text = first.text();
    if (text.indexOf('"') < 0) return new Parsed(plain(text, separator), first.number(), false);
    var split = split(text, separator, true);
    if (split.end() == End.CLOSED) return new Parsed(split.values(), first.number(), false);
    var closed = split(text, separator, false);
    if (closed.end() == End.CLOSED) return new Parsed(closed.values(), first.number(), false);
    var joined =
        split.end() == End.OPEN ? joined(first, split.values().size(), closed.values()) : null;
    if (joined == null) return new Parsed(closed.values(), first.number(), true);
    return new Parsed(joined, first.number(), false);
  }

  /**
   * The values of {@code first} and the lines after it, if these close its quote.
   *
   * @param open index of the value whose quote is open
   * @param alone values of {@code first} if its quote is not closed
   */
  private @Nullable List<String> joined(TextLines.Line first, int open, List<String> alone)
      throws IOException {
    var taken = new ArrayDeque<TextLines.Line>();
    var text = new StringBuilder(first.text());
    var end = first.end();
    List<String> values = null;
    while (values == null && taken.size() + 1 < MAX_LINES) {
      var line = nextLine();
      if (line == null) break;
      taken.addLast(line);
      text.append(end).append(line.text());
      end = line.end();
      if (line.text().indexOf('"') < 0) continue;
      var split = split(text.toString(), separator, true);
      if (split.end() == End.RAGGED) break;
      if (split.end() == End.CLOSED) values = split.values();
    }
    if (values != null && !isDoubtful(open, alone, taken, values)) return values;
    while (!taken.isEmpty()) ahead.addFirst(taken.removeLast());
    return null;
  }

  /** Whether joined lines are rather records of their own. */
  private boolean isDoubtful(
      int open, List<String> alone, Collection<TextLines.Line> others, List<String> joined) {
    if (columns == 0 || alone.size() < columns && joined.size() == columns) return false;
    if (alone.size() == columns && joined.size() > columns) return true;
    if (key > open && isRecord(alone)) return true;
    // The last line has the values behind the quotes, which may look like a record.
    boolean last = open == columns - 1 || key >= 0 && key < open;
    var inner =
        others.stream()
            .limit(others.size() - (last ? 0 : 1))
            .map(line -> alone(line.text(), separator))
            .toList();
    if (inner.stream().anyMatch(this::isRecord)) return true;
    if (key > open && isRecord(joined)) return false;
    return !inner.isEmpty() && hasShape(alone) && inner.stream().allMatch(this::hasShape);
  }

  /** Whether values are as many as a record has, without the blank that follows a comma of text. */
  private boolean hasShape(List<String> values) {
    if (columns < 2 || values.size() != columns) return false;
    return values.stream().skip(1).noneMatch(value -> value.startsWith(" "));
  }

  private boolean isRecord(List<String> values) {
    return key >= 0 && values.size() == columns && isKey.test(values.get(key));
  }

  /** The values of a line without quotes. */
  static List<String> plain(String text, char separator) {
    var values = new ArrayList<String>();
    int from = 0;
    if (separator != NONE) {
      for (int at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, from)) {
        values.add(text.substring(from, at));
        from = at + 1;
      }
    }
    values.add(text.substring(from));
    return values;
  }

  /** The values of a line, an unclosed quote being part of its value. */
  static List<String> alone(String text, char separator) {
    return split(text, separator, false).values();
  }

  /**
   * @param strict whether a single quote within quotes, and an open one, are reported; else they
   *     are text
   */
  private static Split split(String text, char separator, boolean strict) {
    var values = new ArrayList<String>();
    boolean open = false;
    int at = 0;
    while (true) {
      int quote = at;
      while (quote < text.length() && text.charAt(quote) == ' ') quote++;
      if (quote < text.length() && text.charAt(quote) == '"') {
        var value = new StringBuilder();
        int end = quoted(text, quote + 1, separator, strict, value);
        if (end == RAGGED) return new Split(values, End.RAGGED);
        if (end == OPEN) {
          if (strict) return new Split(values, End.OPEN);
          open = true;
          end = unquoted(text, at, separator, values);
        } else {
          values.add(value.toString());
        }
        if (end == text.length()) break;
        at = end + 1;
        continue;
      }
      int end = unquoted(text, at, separator, values);
      if (end == text.length()) break;
      at = end + 1;
    }
    return new Split(values, open ? End.OPEN : End.CLOSED);
  }

  private static final int OPEN = -1;
  private static final int RAGGED = -2;

  /** Adds the value at {@code at}; returns where it ends. */
  private static int unquoted(String text, int at, char separator, List<String> values) {
    int end = separator == NONE ? -1 : text.indexOf(separator, at);
    if (end < 0) end = text.length();
    values.add(text.substring(at, end));
    return end;
  }

  /**
   * Reads a quoted value.
   *
   * @param at behind its quote
   * @return the separator or the end of the text behind it, {@link #OPEN} or {@link #RAGGED}
   */
  private static int quoted(
      String text, int at, char separator, boolean strict, StringBuilder value) {
    while (true) {
      int quote = text.indexOf('"', at);
      if (quote < 0) return OPEN;
      value.append(text, at, quote);
      int behind = quote + 1;
      if (behind < text.length() && text.charAt(behind) == '"') {
        value.append('"');
        at = behind + 1;
        continue;
      }
      while (behind < text.length() && text.charAt(behind) == ' ') behind++;
      if (behind == text.length() || text.charAt(behind) == separator) return behind;
      if (strict) return RAGGED;
      value.append('"');
      at = quote + 1;
    }
  }
}
