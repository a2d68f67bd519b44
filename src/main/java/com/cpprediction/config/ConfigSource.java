package com.cpprediction.config;

import io.vertx.core.json.JsonObject;
import java.util.List;

/**
 * The values that come from one origin.
 *
 * @param document shaped as {@code conf/config.json}
 */
record ConfigSource(Origin origin, JsonObject document) {
  /** Every error in the document, a key called by its name at the origin. */
  List<String> errors() {
    return ConfigSchema.service()
        .errors(
            document,
            key ->
                switch (origin) {
                  case ENVIRONMENT -> key.variable();
                  case SECRET_FILE -> key.fileVariable();
                  default -> key.path();
                });
  }

  @Override
  public String toString() { // some values are secrets
    return "ConfigSource[" + origin.label() + "]";
  }
}
