package com.cpprediction.config;

import java.util.Locale;

/** Where the value in force comes from; a later one beats an earlier one. */
public enum Origin {
  /** The default of the schema. */
  DEFAULT,
  /** The configuration file. */
  FILE,
  /** The file that the environment variable of the key with {@code _FILE} after it names. */
  SECRET_FILE,
  /** The environment variable of the key. */
  ENVIRONMENT;

  /** As written in {@code GET /config}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
