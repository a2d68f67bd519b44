package com.cpprediction.prediction;

/**
 * Names the prefix of an address that has no pincode. Thread-safe, and fast enough for every
 * request.
 */
@FunctionalInterface
public interface Locator {
  /** Knows no place. */
  Locator NONE = text -> null;

  /**
   * @param text canonical
   * @return null when it can't tell
   */
  Located locate(String text);
}
