package com.cpprediction.prediction;

import org.jspecify.annotations.Nullable;

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
   * @return the place, where the text names one
   */
  @Nullable Located locate(String text);
}
