package com.cpprediction.config;

import java.util.regex.Pattern;

/**
 * The syntax of {@code database.uri}: what the Vert.x client for PostgreSQL reads, without the
 * parameters that repeat another part of the URI, so a password stands in one place only.
 */
final class DatabaseUri {
  static final String KEY = "database.uri";

  private static final String WORD = "[\\w.~!*%-]+";
  private static final String HOST = "(\\[[0-9A-Fa-f:]+\\]|[\\w.~%-]+)";
  private static final String PORT =
      "([1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])";
  private static final String PARAMETER =
      "(sslmode=(disable|allow|prefer|require|verify-ca|verify-full)"
          + "|sslrootcert=/[\\w.~!*%/:,-]+"
          + "|(application_name|options|search_path)=[\\w.~!*%/:,-]*)";
  private static final String TOO_LONG = "[\\s\\S]{2049}";
  private static final String BROKEN_ESCAPE = "[\\s\\S]*%(?![0-9A-Fa-f]{2})";

  static final Pattern SYNTAX =
      Pattern.compile(
          "^(?!%s)((?!%s)postgres(ql)?://(%s(:%s)?@)?%s(:%s)?(/%s)?(\\?%s(&%s)*)?)?$"
              .formatted(
                  TOO_LONG, BROKEN_ESCAPE, WORD, WORD, HOST, PORT, WORD, PARAMETER, PARAMETER));

  private static final Pattern PASSWORD = Pattern.compile("^(\\w+://[^:@/]+:)[^@/]+@");

  private DatabaseUri() {}

  static void check(String uri) {
    Check.text(KEY, uri, SYNTAX);
  }

  /** The URI without its password; nothing of it when it is malformed. */
  static String masked(String uri) {
    return SYNTAX.matcher(uri).matches() ? PASSWORD.matcher(uri).replaceFirst("$1***@") : "***";
  }
}
