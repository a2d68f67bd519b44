package com.cpprediction.http;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads an {@code Accept} header (RFC 9110 §12.5.1). */
final class Accept {
  private static final double NEVER = 0.0;
  private static final double ALWAYS = 1.0;

  private Accept() {}

  /**
   * Quality of a media type.
   *
   * @param header the {@code Accept} header, if the request has one
   * @param type such as {@code application/json}
   * @return 0..1, 0 when it isn't acceptable; the most specific range that matches decides
   */
  static double weight(@Nullable String header, String type) {
    if (header == null || header.isBlank() || header.equals("*/*") || header.equals(type)) {
      return ALWAYS;
    }
    var family = type.substring(0, type.indexOf('/')) + "/*";
    double weight = NEVER;
    int best = 0;
    for (var part : header.toLowerCase(Locale.ROOT).split(",")) {
      var parameters = part.split(";", -1);
      var range = parameters[0].strip();
      int specific =
          range.equals(type) ? 3 : range.equals(family) ? 2 : range.equals("*/*") ? 1 : 0;
      if (specific > best) {
        best = specific;
        weight = quality(parameters);
      }
    }
    return weight;
  }

  private static double quality(String[] parameters) {
    for (int i = 1; i < parameters.length; i++) {
      var parameter = parameters[i].strip();
      if (!parameter.startsWith("q=")) continue;
      try {
        return Math.max(NEVER, Math.min(ALWAYS, Double.parseDouble(parameter.substring(2))));
      } catch (NumberFormatException e) {
        return NEVER;
      }
    }
    return ALWAYS;
  }
}
