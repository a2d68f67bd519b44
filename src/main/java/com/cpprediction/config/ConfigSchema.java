package com.cpprediction.config;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.json.schema.Draft;
import io.vertx.json.schema.JsonSchema;
import io.vertx.json.schema.JsonSchemaOptions;
import io.vertx.json.schema.OutputFormat;
import io.vertx.json.schema.OutputUnit;
import io.vertx.json.schema.Validator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;

/** The schema: the keys of the configuration, and the errors of a document in words. */
final class ConfigSchema {
  private static final String RESOURCE = "config.schema.json";
  private static final ConfigSchema SERVICE = new ConfigSchema(resource());

  /** A name that is quoted in full: it looks like a key, and not like a secret. */
  private static final Pattern NAME = Pattern.compile("[a-z_]{1,32}(\\.[a-z_]{1,32})*");

  /** A control character of one digit, as the validator escapes it. */
  private static final Pattern ONE_DIGIT = Pattern.compile("%([0-9A-Fa-f])(?![0-9A-Fa-f])");

  /** What to do instead of keys of earlier versions. */
  private static final Map<String, String> REMOVED =
      Map.of(
          "prediction.pincode_trust",
          "leave it out, or set prediction.wrong_pincodes to the share of wrong pincodes");

  private static final Pattern ITEM = Pattern.compile("(.+?)/(\\d{1,9})(?:/([^/]+))?(?:/.*)?");

  private final Map<String, ConfigKey> keys = new LinkedHashMap<>();
  private final Set<String> groups = new LinkedHashSet<>();
  private final Validator validator;

  ConfigSchema(JsonObject schema) {
    collect("", schema);
    validator =
        Validator.create(
            JsonSchema.of(schema.copy()), // it marks what it is given
            new JsonSchemaOptions()
                .setDraft(Draft.DRAFT202012)
                .setBaseUri("https://cpprediction.com/")
                .setOutputFormat(OutputFormat.Basic));
  }

  /** The schema of the service. */
  static ConfigSchema service() {
    return SERVICE;
  }

  static Collection<ConfigKey> keys() {
    return SERVICE.keys.values();
  }

  static ConfigKey key(String path) {
    return Objects.requireNonNull(SERVICE.keys.get(path), path);
  }

  /** The default of every key by path, as {@link ConfigKey#normal} makes it; a new map. */
  static Map<String, Object> defaults() {
    var defaults = new LinkedHashMap<String, Object>();
    keys().forEach(key -> defaults.put(key.path(), key.normal(key.defaultValue())));
    return defaults;
  }

  /**
   * Every error of {@code document}.
   *
   * @param name the name of a key where the document comes from
   */
  List<String> errors(JsonObject document, Function<ConfigKey, String> name) {
    var result = validator.validate(document);
    if (result.getValid()) return List.of();
    var locations = result.getErrors().stream().map(OutputUnit::getInstanceLocation).toList();
    return locations.stream()
        .distinct()
        .filter(location -> !isListOf(location, locations))
        .map(location -> error(document, location, name))
        .flatMap(Optional::stream)
        .toList();
  }

  /** The validator reports a wrong item and the list around it; the list adds nothing. */
  private boolean isListOf(String location, List<String> locations) {
    return isList(location)
        && locations.stream().anyMatch(other -> other.startsWith(location + "/"));
  }

  /** Whether {@code location} is a list, or an item or a field in one. */
  private boolean isList(String location) {
    var item = ITEM.matcher(location);
    return keys.containsKey(path(item.matches() ? item.group(1) : location));
  }

  /** Names in the environment that set no key. */
  static List<String> warnings(Set<String> variables) {
    var known = new ArrayList<>(keys().stream().map(ConfigKey::variable).toList());
    keys().stream().filter(ConfigKey::secret).map(ConfigKey::fileVariable).forEach(known::add);
    return new TreeSet<>(variables)
        .stream()
            .filter(variable -> variable.startsWith(ConfigKey.VARIABLE_PREFIX))
            .filter(variable -> !known.contains(variable))
            .map(variable -> variable + " sets no key" + hint(variable, known))
            .toList();
  }

  private static String hint(String variable, Collection<String> known) {
    for (var removed : REMOVED.entrySet()) {
      var key = new ConfigKey(removed.getKey(), new JsonObject());
      if (key.variable().equals(variable)) return " any more; " + removed.getValue();
    }
    return keys().stream()
        .filter(key -> key.fileVariable().equals(variable))
        .findAny()
        .map(key -> "; only a secret is read from a file, set " + key.variable())
        .orElseGet(() -> question(variable, known));
  }

  /** The validator reports a wrong value and every object around it; the objects add nothing. */
  private Optional<String> error(
      JsonObject document, String location, Function<ConfigKey, String> name) {
    var item = ITEM.matcher(location);
    var list = item.matches() ? keys.get(path(item.group(1))) : null;
    if (list != null && list.in(document) instanceof JsonArray items) {
      int index = Integer.parseInt(item.group(2));
      return Optional.of(
          item.group(3) == null
              ? list.refusal(name.apply(list), items, index)
              : list.refusal(name.apply(list), items, index, item.group(3)));
    }
    var path = path(location);
    var key = keys.get(path);
    if (location.contains(".") || key == null && !groups.contains(path)) {
      return Optional.of(unknown(path));
    }
    if (key != null) return Optional.of(key.refusal(name.apply(key), key.in(document)));
    var group = new ConfigKey(path, new JsonObject()).in(document);
    if (group instanceof JsonObject) return Optional.empty();
    return Optional.of(path + " must be an object");
  }

  private String unknown(String path) {
    var known = new ArrayList<>(keys.keySet());
    known.addAll(groups);
    var shown = NAME.matcher(path).matches() ? '"' + path + '"' : ConfigKey.show(path);
    var removed = REMOVED.get(path);
    if (removed != null) return shown + " is no key any more; " + removed;
    return known.contains(path)
        ? shown + " is no key; write its parts as nested objects"
        : shown + " is no key" + question(path, known);
  }

  private static String question(String written, Collection<String> known) {
    return Suggestion.nearest(written, known).map(k -> "; did you mean " + k + "?").orElse("");
  }

  /** Reads a JSON pointer as the validator writes it, percent-encoded but for the plus sign. */
  private static String path(String location) {
    var pointer = location.replaceFirst("^#/", "").replace('/', '.').replace("+", "%2B");
    pointer = ONE_DIGIT.matcher(pointer).replaceAll("%0$1");
    return URLDecoder.decode(pointer, StandardCharsets.UTF_8).replace("~1", "/").replace("~0", "~");
  }

  private void collect(String prefix, JsonObject group) {
    for (var entry : group.getJsonObject("properties")) {
      var path = prefix + entry.getKey();
      var schema = (JsonObject) entry.getValue();
      if (schema.containsKey("properties")) {
        groups.add(path);
        collect(path + ".", schema);
      } else {
        keys.put(path, new ConfigKey(path, schema));
      }
    }
  }

  private static JsonObject resource() {
    try (var in = ConfigSchema.class.getResourceAsStream(RESOURCE)) {
      return new JsonObject(Buffer.buffer(Objects.requireNonNull(in, RESOURCE).readAllBytes()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
