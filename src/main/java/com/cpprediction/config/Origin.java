package com.cpprediction.config;

import com.cpprediction.common.Labelled;

/** The origin of a value in force; a later one overrides an earlier one. */
public enum Origin implements Labelled {
  /** The default of the schema. */
  DEFAULT,
  /** The configuration file. */
  FILE,
  /** The file named by the environment variable of the key with {@code _FILE} after it. */
  SECRET_FILE,
  /** The environment variable of the key. */
  ENVIRONMENT
}
