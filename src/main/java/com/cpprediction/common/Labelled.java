package com.cpprediction.common;

import java.util.Locale;

/** An enum whose constants have a name for JSON, configuration, options and meters. */
public interface Labelled {
  /** {@link Enum#name}. */
  String name();

  /** The name in lower case, such as {@code in_flight}. */
  default String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
