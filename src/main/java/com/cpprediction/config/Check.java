package com.cpprediction.config;

import java.util.List;
import java.util.regex.Pattern;

/** Refuses values the schema refuses too, naming the key as it is written in the file. */
final class Check {
  private static final Pattern CONTROL = Pattern.compile("[\\u0000-\\u001f]");

  private Check() {}

  static void range(String key, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          "%s is %d, must be in %d..%d".formatted(key, value, min, max));
    }
  }

  static void range(String key, double value, Number min, Number max) {
    if (!(value >= min.doubleValue() && value <= max.doubleValue())) {
      throw new IllegalArgumentException(
          "%s is %s, must be in %s..%s".formatted(key, value, min, max));
    }
  }

  /**
   * From 0 on.
   *
   * @param steps in 1
   */
  static void steps(String key, double value, long max, int steps) {
    // As a quotient: the only double that also reads as the decimal.
    boolean onStep = Math.rint(value * steps) / steps == value;
    if (!(value >= 0 && value <= max && onStep)) {
      throw new IllegalArgumentException(
          "%s is %s, must be in 0..%d in steps of %s".formatted(key, value, max, 1.0 / steps));
    }
  }

  static void oneOf(String key, String value, List<String> allowed) {
    if (!allowed.contains(value)) {
      throw new IllegalArgumentException(
          "%s is \"%s\", must be one of %s".formatted(key, value, allowed));
    }
  }

  /** Does not quote the value, which may be a secret. */
  static void text(String key, String value, Pattern pattern) {
    if (CONTROL.matcher(value).find() || !pattern.matcher(value).find()) {
      throw new IllegalArgumentException(key + " is not well-formed");
    }
  }
}
