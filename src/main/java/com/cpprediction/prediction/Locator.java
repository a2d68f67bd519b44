package com.cpprediction.prediction;

/** Names the prefix of an address that has no pincode. Thread-safe, and fast enough for any. */
@FunctionalInterface
public interface Locator {
  /** Knows no place. */
  Locator NONE = text -> null;

  /**
   * @param text canonical
   * @return null when it can't tell
   */
  Located locate(String text);

  /**
   * Keeps it usable until it is {@link #release released}.
   *
   * @return false when it was replaced and is gone: there is another catalog by now
   */
  default boolean acquire() {
    return true;
  }

  /** Gives up one use. */
  default void release() {}
}
