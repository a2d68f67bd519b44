package com.cpprediction.config;

import io.vertx.core.json.JsonObject;
import java.util.List;

/**
 * What one kind of source says.
 *
 * @param document shaped as {@code conf/config.json}
 */
record Layer(Origin origin, JsonObject document) {
  /** Everything wrong with it, a key called as its author wrote it. */
  List<String> errors() {
    return ConfigSchema.errors(
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
    return "Layer[" + origin.label() + "]";
  }
}
