package com.cpprediction.config;

import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One key of the configuration.
 *
 * @param path as in messages, {@code database.pool.size}
 * @param schema the part of the schema that describes it
 */
record Key(String path, JsonObject schema) {
  static final String VARIABLE_PREFIX = "CP_";
  static final String FILE_SUFFIX = "_FILE";

  private static final Pattern INTEGER = Pattern.compile("-?\\d{1,18}");
  private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?([eE][+-]?\\d+)?");
  private static final String STEP = "multipleOf";

  /** Characters of a text that is quoted: fewer than the shortest token, put in a wrong place. */
  private static final int SHOWN = 15;

  /** The environment variable that sets it. */
  String variable() {
    return VARIABLE_PREFIX + path.replace('.', '_').toUpperCase(Locale.ROOT);
  }

  /** The environment variable that names a file to read it from, where it is a secret. */
  String fileVariable() {
    return variable() + FILE_SUFFIX;
  }

  /** Whether its value must not be shown. */
  boolean secret() {
    return schema.getBoolean("x-secret", false);
  }

  Object defaultValue() {
    return schema.getValue("default");
  }

  String description() {
    return schema.getString("description");
  }

  /** Whether a running service takes a new value over. */
  boolean hot() {
    return reload().equals("hot");
  }

  /** {@code hot} or {@code restart}. */
  String reload() {
    return schema.getString("x-reload");
  }

  /** The value at this key, null where the document has none. */
  Object in(JsonObject document) {
    Object value = document;
    for (var name : path.split("\\.")) {
      if (!(value instanceof JsonObject object)) return null;
      value = object.getValue(name);
    }
    return value;
  }

  void put(JsonObject document, Object value) {
    var names = path.split("\\.");
    var object = document;
    for (int i = 0; i < names.length - 1; i++) {
      if (!object.containsKey(names[i])) object.put(names[i], new JsonObject());
      object = object.getJsonObject(names[i]);
    }
    object.put(names[names.length - 1], value);
  }

  /** The text in the type of this key where it can be read so; the schema refuses it otherwise. */
  Object fromText(String text) {
    return switch (type()) {
      case "integer" -> INTEGER.matcher(text).matches() ? Long.valueOf(text) : text;
      case "number" -> NUMBER.matcher(text).matches() ? Double.valueOf(text) : text;
      case "boolean" -> text.equals("true") || text.equals("false") ? Boolean.valueOf(text) : text;
      case "array" -> new JsonArray(items(text));
      default -> text;
    };
  }

  /** An empty item is kept, for the schema to refuse. */
  private static List<String> items(String text) {
    return Stream.of(text.split(",", -1)).map(String::strip).toList();
  }

  /** A valid value in the Java type of this key, immutable: 8000, 8000.0 and 8e3 are one port. */
  Object normal(Object valid) {
    return switch (type()) {
      case "integer" -> ((Number) valid).intValue();
      case "number" -> onStep(((Number) valid).doubleValue());
      case "array" -> ((JsonArray) valid).stream().map(String.class::cast).toList();
      default -> valid;
    };
  }

  /** The validator takes what is off by a hair, and minus zero. */
  private double onStep(double number) {
    if (!schema.containsKey(STEP)) return number;
    double steps = Math.rint(1 / schema.getDouble(STEP));
    return Math.rint(number * steps) / steps + 0.0;
  }

  /** The value as JSON that may be shown to anybody. */
  Object masked(Object value) {
    if (!secret()) return value instanceof List<?> list ? new JsonArray(list) : value;
    if ("".equals(value)) return value; // not set
    boolean uri = DatabaseUri.SYNTAX.pattern().equals(schema.getString("pattern"));
    return uri && value instanceof String text ? DatabaseUri.masked(text) : "***";
  }

  /**
   * What is wrong with {@code value}.
   *
   * @param name the path or the variable, whichever held it
   */
  String refusal(String name, Object value) {
    var shown =
        isArray() && value instanceof JsonArray list
            ? "a list of " + list.size()
            : show(masked(value));
    return "%s is %s, must be %s".formatted(name, shown, allowed(value));
  }

  /** As {@link #refusal}, of one item of a list; the first has the index 0. */
  String refusal(String name, JsonArray list, int index) {
    var item = new JsonObject().put("x-allowed", range()).put("x-secret", secret());
    return new Key(path, item.mergeIn(schema.getJsonObject("items")))
        .refusal("%s[%d]".formatted(name, index), list.getValue(index));
  }

  /** Whether its value is a list. */
  boolean isArray() {
    return type().equals("array");
  }

  /** The default as JSON. */
  String shownDefault() {
    return Json.encode(defaultValue());
  }

  /** The values it takes, in words. */
  String range() {
    return switch (type()) {
      case "integer", "number" ->
          schema.getValue("minimum")
              + ".."
              + schema.getValue("maximum")
              + (schema.containsKey(STEP) ? " in steps of " + schema.getValue(STEP) : "");
      case "boolean" -> "true or false";
      default -> schema.containsKey("enum") ? choices() : schema.getString("x-allowed");
    };
  }

  private String allowed(Object value) {
    return switch (type()) {
      case "integer" -> (isInteger(value) ? "in " : "an integer in ") + range();
      case "number" -> (value instanceof Number ? "in " : "a number in ") + range();
      default -> range();
    };
  }

  private String type() {
    return schema.getString("type");
  }

  private String choices() {
    List<String> all = schema.getJsonArray("enum").stream().map(Json::encode).toList();
    return all.stream().limit(all.size() - 1L).collect(Collectors.joining(", "))
        + " or "
        + all.get(all.size() - 1);
  }

  private static boolean isInteger(Object value) {
    return value instanceof Number number && number.doubleValue() % 1 == 0;
  }

  static String show(Object value) {
    if (value instanceof JsonObject || value instanceof Map) return "an object";
    if (value instanceof JsonArray || value instanceof List) return "a list";
    if (value instanceof Number) return value.toString();
    return value instanceof String text && text.length() > SHOWN
        ? "a text of " + text.length() + " characters"
        : Json.encode(value);
  }
}
