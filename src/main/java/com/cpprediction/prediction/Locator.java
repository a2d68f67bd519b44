package com.cpprediction.prediction;

import org.jspecify.annotations.Nullable;

/**
 * Tells how likely an address belongs to each prefix by its words alone. Thread-safe, and fast
 * enough for every request.
 */
@FunctionalInterface
public interface Locator {
  /** Knows no place. */
  Locator NONE = text -> null;

  /**
   * @param text canonical
   * @return the prefixes it knows, valid until the thread asks again; absent where it knows none
   * @throws ServiceException {@link Failure#NOT_READY} when that can't be told
   */
  @Nullable PrefixChances locate(String text);

  /** Whether {@code pincode}, six digits, exists; true where that is not known. */
  default boolean isPincode(int pincode) {
    return true;
  }
}
