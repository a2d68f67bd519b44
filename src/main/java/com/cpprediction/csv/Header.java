package com.cpprediction.csv;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The first line of a file, which names its columns as people write them. Immutable. */
final class Header {
  /** Names of columns that a message lists at most. */
  private static final int NAMED = 20;

  private static final int MAX_NAME = 40;
  private static final Pattern SPELLING = Pattern.compile("[^\\p{L}\\p{M}\\p{N}]+");

  /** Remark in brackets, unless it names an end of the way other than the destination. */
  private static final Pattern REMARK =
      Pattern.compile("[(\\[](?![^)\\]]*(?:origin|pick|sender|from|return|billing))[^)\\]]*[)\\]]");

  private static final String ROLE =
      "(?:customers?|clients?|consignees?|receivers?|recipients?|buyers?|delivery|deliver(?:ed)?to"
          + "|shipping|shipment|shipto|ship|destination|dest|drop(?:off)?|to|area|address)?";
  private static final Pattern ADDRESS =
      Pattern.compile(
          "(?:customers?|clients?)?"
              + ROLE.replace("|address", "")
              + "(?:full|complete|postal|street)?(?:address(?:es)?|addr|adress)(?:text|details?|line)?"
              + "|पता|पूरापता");
  private static final Pattern ADDRESS_PART =
      Pattern.compile(".*(?:address|addr|street)(?:line)?[1-9]");
  private static final Pattern PINCODE =
      Pattern.compile(
          "(?:customers?|clients?)?"
              + ROLE
              + "(?:pin(?:code)?(?:no|number)?|pin(?:code)?zip(?:code)?|zip(?:code)?|post(?:al)?(?:pin|zip)?code|postal"
              + "|zippostalcode|postalzip)|पिन|पिनकोड");
  private static final Pattern CP_CODE =
      Pattern.compile("(?:delivery|actual|true)?cp(?:code|id)|(?:delivery)?branchcode");

  private final List<String> names;
  private final Map<String, Integer> at;

  private Header(List<String> names, Map<String, Integer> at) {
    this.names = names;
    this.at = at;
  }

  /**
   * @param file in messages
   * @param names as in the file
   * @throws InputException when a required column is missing, or several may be one
   */
  static Header of(String file, List<String> names, Columns columns) {
    var typed = names.stream().map(Header::typed).toList();
    var at = new HashMap<String, Integer>();
    for (var column : columns.all()) {
      var found = find(typed, column);
      if (found.size() > 1) throw ambiguous(file, typed, column, found);
      if (found.size() == 1) at.put(column, found.get(0));
    }
    var missing = columns.required().stream().filter(column -> !at.containsKey(column)).toList();
    if (!missing.isEmpty()) throw missing(file, typed, columns, missing);
    return new Header(typed, at);
  }

  /** Number of {@code columns} that names can be. */
  static int known(List<String> names, Columns columns) {
    var typed = names.stream().map(Header::typed).toList();
    return (int) columns.all().stream().filter(column -> !find(typed, column).isEmpty()).count();
  }

  private static String typed(String name) {
    return name.replace("\ufeff", "").strip();
  }

  /** Where a column is: the one of its very name, or all that may be meant. */
  private static List<Integer> find(List<String> names, String column) {
    var exact = new ArrayList<Integer>();
    var meant = new ArrayList<Integer>();
    for (int i = 0; i < names.size(); i++) {
      if (names.get(i).equals(column)) exact.add(i);
      if (means(names.get(i), column)) meant.add(i);
    }
    return exact.isEmpty() ? meant : exact;
  }

  private static boolean means(String name, String column) {
    var spelling = spelling(name);
    return switch (column) {
      case Columns.ADDRESS -> ADDRESS.matcher(spelling).matches();
      case Columns.PINCODE -> PINCODE.matcher(spelling).matches();
      case Columns.CP_CODE -> CP_CODE.matcher(spelling).matches();
      default -> spelling.equals(spelling(column));
    };
  }

  /** A name without what people write in different ways: capitals, blanks, dots, dashes. */
  private static String spelling(String name) {
    var normal = Normalizer.normalize(name, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
    var plain = REMARK.matcher(normal).replaceAll("");
    return SPELLING.matcher(plain).replaceAll("");
  }

  private static InputException ambiguous(
      String file, List<String> names, String column, List<Integer> found) {
    var all = found.stream().map(i -> quoted(names.get(i))).collect(Collectors.joining(" and "));
    return new InputException(
        "%s has several columns that may be the %s: %s; name the one to read \"%s\""
            .formatted(file, column, all, column));
  }

  private static InputException missing(
      String file, List<String> names, Columns columns, List<String> missing) {
    var seen = names.stream().limit(NAMED).map(Header::quoted).collect(Collectors.joining(", "));
    if (names.size() > NAMED) seen += " and %d more".formatted(names.size() - NAMED);
    var parts =
        missing.contains(Columns.ADDRESS)
            ? names.stream()
                .filter(name -> ADDRESS_PART.matcher(spelling(name)).matches())
                .map(Header::quoted)
                .toList()
            : List.<String>of();
    var remedy =
        parts.isEmpty()
            ? "it must name the %s %s"
                .formatted(
                    columns.required().size() == 1 ? "column" : "columns",
                    String.join(",", columns.required()))
            : parts.size() == 1
                ? "rename %s to \"address\"".formatted(parts.get(0))
                : "join %s in one column, named \"address\"".formatted(String.join(" and ", parts));
    return new InputException(
        "%s lacks the column %s: its first line has %s; %s"
            .formatted(file, String.join(", ", missing), seen, remedy));
  }

  private static String quoted(String name) {
    int length = name.codePointCount(0, name.length());
    var shown =
        length <= MAX_NAME ? name : name.substring(0, name.offsetByCodePoints(0, MAX_NAME)) + '…';
    return '"' + shown.replaceAll("[\\s\\p{Cntrl}]+", " ") + '"';
  }

  /** Names of all columns, stripped. */
  List<String> names() {
    return names;
  }

  /** Whether the file has a column. */
  boolean has(String column) {
    return at.containsKey(column);
  }

  /** Index of a column; negative where the file has none. */
  int at(String column) {
    return at.getOrDefault(column, -1);
  }
}
