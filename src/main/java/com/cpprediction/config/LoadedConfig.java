package com.cpprediction.config;

import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A configuration, and where each of its values comes from. Immutable. */
public final class LoadedConfig {
  private final ServiceConfig config;
  private final Values values;
  private final Map<String, Origin> origins;
  private final Content content;

  private LoadedConfig(Map<String, Object> values, Map<String, Origin> origins, Content content) {
    this.values = new Values(Collections.unmodifiableMap(values));
    this.origins = Collections.unmodifiableMap(origins);
    this.content = content;
    this.config = ServiceConfig.of(this.values);
  }

  /**
   * @param content the bytes {@code file} was read from
   * @throws ConfigException naming everything that is wrong with either
   */
  static LoadedConfig of(JsonObject file, JsonObject environment, Content content) {
    var errors = new ArrayList<>(ConfigSchema.errors(file, Key::path));
    errors.addAll(ConfigSchema.errors(environment, Key::variable));
    if (!errors.isEmpty()) throw new ConfigException(errors);

    var values = new LinkedHashMap<String, Object>();
    var origins = new LinkedHashMap<String, Origin>();
    for (var key : ConfigSchema.keys()) {
      var origin = Origin.ENVIRONMENT;
      var value = key.in(environment);
      if (value == null) {
        origin = Origin.FILE;
        value = key.in(file);
      }
      if (value == null) {
        origin = Origin.DEFAULT;
        value = key.defaultValue();
      }
      values.put(key.path(), key.normal(value));
      origins.put(key.path(), origin);
    }
    return new LoadedConfig(values, origins, content);
  }

  public ServiceConfig config() {
    return config;
  }

  /** By key, in the order of the schema. */
  public Map<String, Origin> origins() {
    return origins;
  }

  Content content() {
    return content;
  }

  /** The keys whose value differs from that in {@code other}. */
  List<Key> changedFrom(LoadedConfig other) {
    return ConfigSchema.keys().stream()
        .filter(key -> !value(key).equals(other.value(key)))
        .toList();
  }

  /** This configuration with the values of {@code other} for {@code keys}. */
  LoadedConfig keeping(List<Key> keys, LoadedConfig other) {
    var keptValues = new LinkedHashMap<>(values.byKey());
    var keptOrigins = new LinkedHashMap<>(origins);
    for (var key : keys) {
      keptValues.put(key.path(), other.value(key));
      keptOrigins.put(key.path(), other.origins.get(key.path()));
    }
    return new LoadedConfig(keptValues, keptOrigins, content);
  }

  /** Per key its value, origin, variable and reload mark; secrets masked. */
  JsonObject toJson() {
    var json = new JsonObject();
    for (var key : ConfigSchema.keys()) {
      json.put(
          key.path(),
          new JsonObject()
              .put("value", key.masked(value(key)))
              .put("origin", origins.get(key.path()).label())
              .put("variable", key.variable())
              .put("reload", key.reload()));
    }
    return json;
  }

  private Object value(Key key) {
    return values.byKey().get(key.path());
  }

  @Override
  public String toString() {
    return config.toString();
  }
}
