package com.cpprediction.config;

import io.vertx.core.json.JsonObject;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A configuration, and where each of its values comes from. Immutable. */
public final class LoadedConfig {
  private final ServiceConfig config;
  private final Values values;
  private final Map<String, Origin> origins;
  private final Sources sources;

  private LoadedConfig(Map<String, Object> values, Map<String, Origin> origins, Sources sources) {
    this.values = new Values(Collections.unmodifiableMap(values));
    this.origins = Collections.unmodifiableMap(origins);
    this.sources = sources;
    this.config = ServiceConfig.of(this.values);
  }

  /**
   * @param layers a later one beats an earlier one, and each the defaults
   * @param sources what the layers were read from
   * @throws ConfigException naming everything that is wrong with any of them
   */
  static LoadedConfig of(List<Layer> layers, Sources sources) {
    var errors = layers.stream().flatMap(layer -> layer.errors().stream()).toList();
    if (!errors.isEmpty()) throw new ConfigException(errors);

    var values = new LinkedHashMap<String, Object>();
    var origins = new LinkedHashMap<String, Origin>();
    for (var key : ConfigSchema.keys()) {
      var value = key.defaultValue();
      var origin = Origin.DEFAULT;
      for (var layer : layers) {
        var said = key.in(layer.document());
        if (said == null) continue;
        value = said;
        origin = layer.origin();
      }
      values.put(key.path(), key.normal(value));
      origins.put(key.path(), origin);
    }
    try {
      return new LoadedConfig(values, origins, sources);
    } catch (IllegalArgumentException e) { // a record refuses what the schema lets pass
      throw new ConfigException(List.of(e.getMessage()));
    }
  }

  public ServiceConfig config() {
    return config;
  }

  /** By key, in the order of the schema. */
  public Map<String, Origin> origins() {
    return origins;
  }

  Sources sources() {
    return sources;
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
    return new LoadedConfig(keptValues, keptOrigins, sources);
  }

  /**
   * Shaped as {@code conf/config.json}; secrets masked.
   *
   * @param defaults whether keys that nobody set are in it too
   */
  public JsonObject toDocument(boolean defaults) {
    var document = new JsonObject();
    for (var key : ConfigSchema.keys()) {
      boolean set = origins.get(key.path()) != Origin.DEFAULT;
      if (set || defaults) key.put(document, key.masked(value(key)));
    }
    return document;
  }

  /** Per key its value, origin, reload mark and the variable for it; secrets masked. */
  public JsonObject toJson() {
    var json = new JsonObject();
    for (var key : ConfigSchema.keys()) {
      var origin = origins.get(key.path());
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

  private Object value(Key key) {
    return values.byKey().get(key.path());
  }

  @Override
  public String toString() {
    return config.toString();
  }
}
