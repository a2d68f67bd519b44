package com.cpprediction.config;

import io.vertx.core.json.Json;
import java.util.stream.Collectors;

/** The table of all keys as {@code src/docs/configuration.md} shows it. */
public final class ConfigTable {
  private static final String HEAD =
      """
      | key | environment | default | range | reload | what |
      |---|---|---|---|---|---|
      """;

  private ConfigTable() {}

  /** One row per key, in the order of the schema; ends with a line feed. */
  public static String markdown() {
    return ConfigSchema.keys().stream()
        .map(ConfigTable::row)
        .collect(Collectors.joining("\n", HEAD, "\n"));
  }

  private static String row(ConfigKey key) {
    return "| `%s` | %s | `%s` | %s | %s | %s |"
        .formatted(
            key.path(),
            variables(key),
            Json.encode(key.defaultValue()),
            key.range(),
            key.reload(),
            key.description());
  }

  private static String variables(ConfigKey key) {
    return key.secret()
        ? "`%s` or `%s`".formatted(key.variable(), key.fileVariable())
        : "`%s`".formatted(key.variable());
  }
}
