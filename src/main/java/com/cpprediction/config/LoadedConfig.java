package com.cpprediction.config;

import io.vertx.core.json.JsonObject;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A configuration, the origin of each value and the files it was read from. Immutable. */
public final class LoadedConfig {
  private final ServiceConfig config;
  private final Map<String, Object> values; // by path
  private final Map<String, Origin> origins; // by path
  private final SourceFiles files;
  private final List<String> warnings;

  private LoadedConfig(
      Map<String, Object> values,
      Map<String, Origin> origins,
      SourceFiles files,
      List<String> warnings) {
    this.values = Collections.unmodifiableMap(values);
    this.origins = Collections.unmodifiableMap(origins);
    this.files = files;
    this.warnings = List.copyOf(warnings);
    this.config = ServiceConfig.of(values);
  }

  /**
   * @param sources a later one overrides an earlier one, and each the defaults
   * @param files that the sources were read from
   * @throws ConfigException naming everything that is wrong with any of them
   */
  static LoadedConfig of(List<ConfigSource> sources, SourceFiles files) {
    var errors = sources.stream().flatMap(source -> source.errors().stream()).toList();
    if (!errors.isEmpty()) throw new ConfigException(errors);

    var values = ConfigSchema.defaults();
    var origins = new LinkedHashMap<String, Origin>();
    for (var key : ConfigSchema.keys()) {
      origins.put(key.path(), Origin.DEFAULT);
      for (var source : sources) {
        var value = key.in(source.document());
        if (value == null) continue;
        values.put(key.path(), key.normal(value));
        origins.put(key.path(), source.origin());
      }
    }
    var loaded = new LoadedConfig(values, origins, files, List.of());
    var broken = ConfigRules.errors(loaded.config);
    if (!broken.isEmpty()) throw new ConfigException(broken);
    return loaded;
  }

  public ServiceConfig config() {
    return config;
  }

  /** Probable mistakes, such as a misspelt variable; one sentence each. */
  public List<String> warnings() {
    return warnings;
  }

  LoadedConfig withWarnings(List<String> warnings) {
    return new LoadedConfig(values, origins, files, warnings);
  }

  SourceFiles files() {
    return files;
  }

  /** The keys whose value differs from that in {@code other}. */
  List<ConfigKey> changedFrom(LoadedConfig other) {
    return ConfigSchema.keys().stream()
        .filter(key -> !value(key).equals(other.value(key)))
        .toList();
  }

  /** This configuration with the values of {@code other} for {@code keys}. */
  LoadedConfig keeping(List<ConfigKey> keys, LoadedConfig other) {
    var keptValues = new LinkedHashMap<>(values);
    var keptOrigins = new LinkedHashMap<>(origins);
    for (var key : keys) {
      keptValues.put(key.path(), other.value(key));
      keptOrigins.put(key.path(), other.origin(key));
    }
    return new LoadedConfig(keptValues, keptOrigins, files, warnings);
  }

  /**
   * Shaped as {@code conf/config.json}; secrets masked.
   *
   * @param defaults whether to include the keys that have their default
   */
  public JsonObject toDocument(boolean defaults) {
    var document = new JsonObject();
    for (var key : ConfigSchema.keys()) {
      boolean set = origin(key) != Origin.DEFAULT;
      if (set || defaults) key.put(document, key.masked(value(key)));
    }
    return document;
  }

  /** Values of {@code keys} by path; secrets masked. */
  JsonObject values(List<ConfigKey> keys) {
    var json = new JsonObject();
    for (var key : keys) json.put(key.path(), key.masked(value(key)));
    return json;
  }

  /** Value, origin, reload mark and variable by key; secrets masked. */
  public JsonObject toJson() {
    var json = new JsonObject();
    for (var key : ConfigSchema.keys()) {
      var origin = origin(key);
      var variable = origin == Origin.SECRET_FILE ? key.fileVariable() : key.variable();
      json.put(
          key.path(),
          new JsonObject()
              .put("value", key.masked(value(key)))
              .put("origin", origin.label())
              .put("variable", variable)
              .put("reload", key.reload()));
    }
    return json;
  }

  private Object value(ConfigKey key) {
    return Objects.requireNonNull(values.get(key.path()), key.path());
  }

  private Origin origin(ConfigKey key) {
    return Objects.requireNonNull(origins.get(key.path()), key.path());
  }

  @Override
  public String toString() {
    return config.toString();
  }
}
