package com.cpprediction.prediction;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Decodes HTML in text that was copied from a web page or exported twice. */
final class Html {
  private static final int LONGEST_NAME = 8; // of the entities below, and of digits
  private static final int LONGEST_TAG = "blockquote".length();
  private static final int LATIN_1 = 0xa0;

  private static final Set<String> TAGS =
      Set.of(
          ("a abbr address article b big blockquote body br center cite code col dd del div dl dt em"
                  + " font footer form h1 h2 h3 h4 h5 h6 head header hr html i img ins label li"
                  + " link main meta nav nobr ol p pre q s script section small span strike strong"
                  + " style sub sup table tbody td tfoot th thead title tr tt u ul wbr")
              .split(" "));

  private static final Map<String, Integer> ENTITIES = new HashMap<>();

  static {
    // HTML 4 names of U+00A0 to U+00FF, in order.
    var latin =
        ("nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg"
                + " plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12"
                + " frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute"
                + " Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml"
                + " times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc"
                + " atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml"
                + " eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc"
                + " uuml yacute thorn yuml")
            .split(" ");
    for (int i = 0; i < latin.length; i++) ENTITIES.put(latin[i], LATIN_1 + i);
    Object[] others = {
      "amp", '&', "lt", '<', "gt", '>', "quot", '"', "apos", '\'', "NewLine", '\n', "Tab", '\t',
      "ensp", 0x2002, "emsp", 0x2003, "thinsp", 0x2009, "zwnj", 0x200c, "zwj", 0x200d, "hyphen",
      0x2010, "dash", 0x2010, "ndash", 0x2013, "mdash", 0x2014, "horbar", 0x2015, "minus", 0x2212,
      "lsquo", 0x2018, "rsquo", 0x2019, "sbquo", 0x201a, "ldquo", 0x201c, "rdquo", 0x201d, "bdquo",
      0x201e, "bull", 0x2022, "hellip", 0x2026, "phone", 0x260e, "comma", ',', "period", '.',
      "colon", ':', "semi", ';', "sol", '/', "num", '#', "lpar", '(', "rpar", ')', "plus", '+',
      "lowbar", '_'
    };
    for (int i = 0; i < others.length; i += 2) {
      var code = others[i + 1];
      int point = code instanceof Character c ? c.charValue() : (Integer) code;
      ENTITIES.put((String) others[i], point);
    }
  }

  private Html() {}

  /**
   * {@code text} with its entities decoded and its tags replaced by blanks; unknown names and
   * brackets that open no tag of HTML stay. An ampersand that was escaped several times is one.
   * Takes linear time.
   */
  static String decoded(String text) {
    var decoded = text.indexOf('&') < 0 ? text : withoutEntities(text);
    return decoded.indexOf('<') < 0 ? decoded : withoutTags(decoded);
  }

  private static String withoutEntities(String text) {
    int length = text.length();
    var out = new StringBuilder(length);
    for (int i = 0; i < length; ) {
      char c = text.charAt(i);
      if (c != '&') {
        out.append(c);
        i++;
        continue;
      }
      int name = i + 1;
      while (text.startsWith("amp;", name)) name += "amp;".length();
      int end = numberedEnd(text, name);
      if (end < 0) end = namedEnd(text, name);
      if (end < 0) {
        out.append('&');
        i = name;
      } else {
        out.appendCodePoint(code(text, name, end));
        i = end < length && text.charAt(end) == ';' ? end + 1 : end;
      }
    }
    return out.toString();
  }

  /** End of a numeric entity whose {@code #} is at {@code at}, or -1. */
  private static int numberedEnd(String text, int at) {
    if (at >= text.length() || text.charAt(at) != '#') return -1;
    boolean hex = at + 1 < text.length() && (text.charAt(at + 1) | 0x20) == 'x';
    int start = hex ? at + 2 : at + 1;
    int end = start;
    int radix = hex ? 16 : 10;
    while (end < text.length() && end - start < LONGEST_NAME && digit(text, end, radix) >= 0) end++;
    return end > start && end < text.length() && text.charAt(end) == ';' ? end : -1;
  }

  /** End of a named entity that starts at {@code at}, or -1. */
  private static int namedEnd(String text, int at) {
    int end = at;
    while (end < text.length() && end - at < LONGEST_NAME && isAlphanumeric(text.charAt(end))) {
      end++;
    }
    if (end < text.length() && text.charAt(end) == ';') {
      return ENTITIES.containsKey(text.substring(at, end)) ? end : -1;
    }
    int blank = at + "nbsp".length(); // browsers read this one without its semicolon
    boolean known = text.startsWith("nbsp", at);
    return known && (blank == text.length() || !isLetter(text.charAt(blank))) ? blank : -1;
  }

  private static int code(String text, int at, int end) {
    if (text.charAt(at) != '#') return ENTITIES.getOrDefault(text.substring(at, end), (int) ' ');
    boolean hex = (text.charAt(at + 1) | 0x20) == 'x';
    int radix = hex ? 16 : 10;
    long code = 0;
    for (int i = hex ? at + 2 : at + 1; i < end; i++) code = code * radix + digit(text, i, radix);
    boolean character = code > 0 && code <= Character.MAX_CODE_POINT;
    boolean half = code >= Character.MIN_SURROGATE && code <= Character.MAX_SURROGATE;
    return character && !half ? (int) code : ' ';
  }

  private static String withoutTags(String text) {
    var out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); ) {
      char c = text.charAt(i);
      int end = c == '<' ? tagEnd(text, i) : -1;
      out.append(end < 0 ? c : ' ');
      i = end < 0 ? i + 1 : end;
    }
    return out.toString();
  }

  /** End of the tag that opens at {@code at}, or -1; a second bracket ends the search. */
  private static int tagEnd(String text, int at) {
    int start = at + 1;
    if (text.startsWith("!--", start)) return closing(text, start);
    if (start < text.length() && text.charAt(start) == '/') start++;
    int end = start;
    while (end < text.length() && end - start < LONGEST_TAG && isAlphanumeric(text.charAt(end))) {
      end++;
    }
    if (end == start || end == text.length()) return -1;
    if (!TAGS.contains(text.substring(start, end).toLowerCase(Locale.ROOT))) return -1;
    return closing(text, end);
  }

  private static int closing(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      if (text.charAt(i) == '>') return i + 1;
      if (text.charAt(i) == '<') return -1;
    }
    return -1;
  }

  private static int digit(String text, int at, int radix) {
    char c = text.charAt(at);
    return c < 128 ? Character.digit(c, radix) : -1;
  }

  private static boolean isAlphanumeric(char c) {
    return isLetter(c) || c >= '0' && c <= '9';
  }

  private static boolean isLetter(char c) {
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
  }
}
