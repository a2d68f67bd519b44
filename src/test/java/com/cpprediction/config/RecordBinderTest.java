package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RecordBinderTest {
  record Sample(boolean enabled, int maxSize, Duration timeout, Duration ttl, Nested nested) {}

  record Nested(String name, double weight, List<String> hosts, Colour colour) {}

  enum Colour {
    DARK_RED,
    BLUE
  }

  private static final List<ConfigKey> KEYS =
      List.of(
          key("enabled", "boolean", true),
          key("max_size", "integer", 1),
          key("timeout_ms", "integer", 2),
          key("ttl_seconds", "integer", 3),
          key("nested.name", "string", "a"),
          key("nested.weight", "number", 0.5),
          key("nested.hosts", "array", new JsonArray()),
          key("nested.colour", "string", "blue"));

  @Test
  void everyKeyOfTheSchemaHasItsComponentAndTheReverse() {
    assertThat(RecordBinder.of(ServiceConfig.class, ConfigSchema.keys())).isNotNull();
  }

  @Test
  void bindsEachTypeByNameAndUnit() {
    var values =
        Map.<String, Object>of(
            "enabled",
            false,
            "max_size",
            5,
            "timeout_ms",
            70,
            "ttl_seconds",
            8,
            "nested.name",
            "b",
            "nested.weight",
            1.5,
            "nested.hosts",
            List.of("x", "y"),
            "nested.colour",
            "dark_red");

    assertThat(RecordBinder.of(Sample.class, KEYS).bind(values))
        .isEqualTo(
            new Sample(
                false,
                5,
                Duration.ofMillis(70),
                Duration.ofSeconds(8),
                new Nested("b", 1.5, List.of("x", "y"), Colour.DARK_RED)));
  }

  @Test
  void namesEveryKeyAndComponentThatHasNoCounterpart() {
    var keys = new ArrayList<>(KEYS);
    keys.removeIf(key -> List.of("max_size", "ttl_seconds", "nested.hosts").contains(key.path()));
    keys.add(key("ttl_minutes", "integer", 4));
    keys.add(key("nested.size", "integer", 4));

    assertThatThrownBy(() -> RecordBinder.of(Sample.class, keys))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no key max_size for int maxSize")
        .hasMessageContaining("no key ttl_ms or ttl_seconds for java.time.Duration ttl")
        .hasMessageContaining("no key nested.hosts for ")
        .hasMessageContaining("no component takes the key ttl_minutes")
        .hasMessageContaining("no component takes the key nested.size");
  }

  @Test
  void namesEveryComponentOfAnotherType() {
    var keys = new ArrayList<>(KEYS);
    keys.removeIf(key -> List.of("max_size", "ttl_seconds", "nested.colour").contains(key.path()));
    keys.add(key("max_size", "string", "5"));
    keys.add(key("ttl_seconds", "string", "5"));
    keys.add(key("nested.colour", "string", "green"));

    assertThatThrownBy(() -> RecordBinder.of(Sample.class, keys))
        .hasMessageContaining("int maxSize can't take the default of max_size")
        .hasMessageContaining("java.time.Duration ttl can't take the default of ttl_seconds")
        .hasMessageContaining("colour can't take the default of nested.colour");
  }

  private static ConfigKey key(String path, String type, Object value) {
    return new ConfigKey(path, new JsonObject().put("type", type).put("default", value));
  }
}
