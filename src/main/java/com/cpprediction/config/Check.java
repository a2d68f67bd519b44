package com.cpprediction.config;

/** Refuses values outside their range, naming the key as it is written in the file. */
final class Check {
  private Check() {}

  static void range(String key, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          "%s is %d, must be in %d..%d".formatted(key, value, min, max));
    }
  }

  static void range(String key, double value, double min, double max) {
    if (!(value >= min && value <= max)) {
      throw new IllegalArgumentException(
          "%s is %s, must be in %s..%s".formatted(key, value, min, max));
    }
  }
}
