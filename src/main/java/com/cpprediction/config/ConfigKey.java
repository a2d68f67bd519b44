package com.cpprediction.config;

import com.cpprediction.json.MalformedJsonException;
import com.cpprediction.json.StrictJson;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One key of the configuration.
 *
 * @param path as in messages, {@code database.pool.size}
 * @param schema the part of the schema that describes it
 */
record ConfigKey(String path, JsonObject schema) {
  static final String VARIABLE_PREFIX = "CP_";
  static final String FILE_SUFFIX = "_FILE";

  private static final Pattern INTEGER = Pattern.compile("-?\\d{1,18}");
  private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?([eE][+-]?\\d+)?");
  private static final String STEP = "multipleOf";

  /** The type of a key that takes a number or one word. */
  private static final String NUMBER_OR_TEXT = "number or text";

  private static final String SECRET_PART = "x-secret-part";
  private static final String MASK = "***";

  /** Length up to which a text is quoted: below that of a token, which may be in a wrong place. */
  private static final int SHOWN = 15;

  /** The environment variable that sets it. */
  String variable() {
    return VARIABLE_PREFIX + path.replace('.', '_').toUpperCase(Locale.ROOT);
  }

  /** The environment variable that names the file of a secret. */
  String fileVariable() {
    return variable() + FILE_SUFFIX;
  }

  /** Whether the value is shown masked only. */
  boolean secret() {
    return schema.getBoolean("x-secret", false);
  }

  Object defaultValue() {
    return schema.getValue("default");
  }

  String description() {
    return schema.getString("description");
  }

  /** Whether a running service applies a new value. */
  boolean hot() {
    return reload().equals("hot");
  }

  /** {@code hot} or {@code restart}. */
  String reload() {
    return schema.getString("x-reload");
  }

  /** The value at this key, null where the document has none. */
  @Nullable Object in(JsonObject document) {
    Object value = document;
    for (var name : path.split("\\.")) {
      if (!(value instanceof JsonObject object)) return null;
      value = object.getValue(name);
    }
    return value;
  }

  void put(JsonObject document, @Nullable Object value) {
    var names = path.split("\\.");
    var object = document;
    for (int i = 0; i < names.length - 1; i++) {
      if (!object.containsKey(names[i])) object.put(names[i], new JsonObject());
      object = object.getJsonObject(names[i]);
    }
    object.put(names[names.length - 1], value);
  }

  /** The text in the type of this key, or the text itself, which the schema then refuses. */
  Object fromText(String text) {
    return switch (type()) {
      case "integer" -> INTEGER.matcher(text).matches() ? Long.valueOf(text) : text;
      case "number" -> NUMBER.matcher(text).matches() ? Double.valueOf(text) : text;
      case NUMBER_OR_TEXT -> NUMBER.matcher(text).matches() ? Double.valueOf(text) : text;
      case "boolean" -> text.equals("true") || text.equals("false") ? Boolean.valueOf(text) : text;
      case "array" -> ofObjects() ? objects(text) : new JsonArray(items(text));
      default -> text;
    };
  }

  /** A list of objects, as JSON. */
  private static Object objects(String text) {
    try {
      return StrictJson.parseObject(("{\"list\":" + text + '}').getBytes(StandardCharsets.UTF_8))
          .getValue("list");
    } catch (MalformedJsonException e) {
      return text; // for the schema to refuse
    }
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
      case NUMBER_OR_TEXT -> valid instanceof Number number ? onStep(number.doubleValue()) : valid;
      case "array" -> ((JsonArray) valid).stream().map(ConfigKey::normalItem).toList();
      default -> valid;
    };
  }

  private static Object normalItem(Object item) {
    if (!(item instanceof JsonObject object)) return item;
    var fields = new LinkedHashMap<String, Object>();
    for (var field : object) {
      var value = field.getValue();
      fields.put(
          field.getKey(), value instanceof JsonArray list ? List.copyOf(list.getList()) : value);
    }
    return Collections.unmodifiableMap(fields);
  }

  /** The validator accepts a rounding error, and minus zero. */
  private double onStep(double number) {
    if (!schema.containsKey(STEP)) return number;
    return Math.rint(number * stepsPerUnit()) / stepsPerUnit() + 0.0;
  }

  private double stepsPerUnit() {
    return Math.rint(1 / schema.getDouble(STEP));
  }

  /** The value as JSON without its secret. */
  @Nullable Object masked(@Nullable Object value) {
    if (ofObjects() && value instanceof List<?> list) return maskedItems(list);
    if (!secret()) return value instanceof List<?> list ? new JsonArray(list) : value;
    if ("".equals(value)) return value; // not set
    return value instanceof String text ? withoutSecret(text) : MASK;
  }

  /** Valid objects, without the secrets of each. */
  private JsonArray maskedItems(List<?> items) {
    var masked = new JsonArray();
    for (var item : items) {
      var fields = new JsonObject();
      ((Map<?, ?>) item)
          .forEach((name, value) -> fields.put((String) name, field(name).masked(value)));
      masked.add(fields);
    }
    return masked;
  }

  /** A field of the objects in this list; one that accepts nothing where the name is unknown. */
  private ConfigKey field(Object name) {
    var fields = schema.getJsonObject("items").getJsonObject("properties");
    return new ConfigKey(String.valueOf(name), fields.getJsonObject(String.valueOf(name)));
  }

  /**
   * As {@link #refusal(String, Object)}, of a field of an object in this list.
   *
   * @param field its name
   */
  String refusal(String name, JsonArray list, int index, String field) {
    var item = "%s[%d]".formatted(name, index);
    var fields = schema.getJsonObject("items").getJsonObject("properties");
    if (!fields.containsKey(field)) {
      return "%s has a field of another name, must be %s"
          .formatted(item, String.join(", ", fields.fieldNames()));
    }
    var value = list.getValue(index) instanceof JsonObject object ? object.getValue(field) : null;
    return field(field).refusal(item + '.' + field, value);
  }

  /** Whether its value is a list of objects. */
  boolean ofObjects() {
    return isArray() && schema.getJsonObject("items").containsKey("properties");
  }

  /** A valid text whose secret is a part of it, shown without that part. */
  private String withoutSecret(String text) {
    boolean partly = schema.containsKey(SECRET_PART) && text.matches(schema.getString("pattern"));
    if (!partly) return MASK;
    var secret = Pattern.compile(schema.getString(SECRET_PART)).matcher(text);
    if (!secret.find()) return text;
    return text.substring(0, secret.start(1)) + MASK + text.substring(secret.end(1));
  }

  /**
   * The error that {@code value} is.
   *
   * @param name the path or the variable that had the value
   */
  String refusal(String name, @Nullable Object value) {
    var shown =
        isArray() && value instanceof JsonArray list
            ? "a list of " + list.size()
            : show(masked(value));
    return "%s is %s, must be %s".formatted(name, shown, allowed(value));
  }

  /** As {@link #refusal}, of one item of a list. */
  String refusal(String name, JsonArray list, int index) {
    var item = new JsonObject().put("x-allowed", range()).put("x-secret", secret());
    return new ConfigKey(path, item.mergeIn(schema.getJsonObject("items")))
        .refusal("%s[%d]".formatted(name, index), list.getValue(index));
  }

  /** Whether its value is a list. */
  boolean isArray() {
    return type().equals("array");
  }

  /** The valid values in words. */
  String range() {
    return switch (type()) {
      case "integer", "number" -> interval();
      case NUMBER_OR_TEXT -> schema.getString("x-allowed") + " or " + interval();
      case "boolean" -> "true or false";
      default -> schema.containsKey("enum") ? choices() : schema.getString("x-allowed");
    };
  }

  private String interval() {
    return schema.getValue("minimum")
        + ".."
        + schema.getValue("maximum")
        + (schema.containsKey(STEP) ? " in steps of " + schema.getValue(STEP) : "");
  }

  private String allowed(@Nullable Object value) {
    return switch (type()) {
      case "integer" -> (isInteger(value) ? "in " : "an integer in ") + range();
      case "number" -> (value instanceof Number ? "in " : "a number in ") + range();
      default -> range();
    };
  }

  private String type() {
    return schema.getValue("type") instanceof String type ? type : NUMBER_OR_TEXT;
  }

  private String choices() {
    List<String> all = schema.getJsonArray("enum").stream().map(Json::encode).toList();
    return all.stream().limit(all.size() - 1L).collect(Collectors.joining(", "))
        + " or "
        + all.get(all.size() - 1);
  }

  private static boolean isInteger(@Nullable Object value) {
    return value instanceof Number number && number.doubleValue() % 1 == 0;
  }

  static String show(@Nullable Object value) {
    if (value instanceof JsonObject || value instanceof Map) return "an object";
    if (value instanceof JsonArray || value instanceof List) return "a list";
    if (value instanceof Number) return value.toString();
    return value instanceof String text && text.length() > SHOWN
        ? "a text of " + text.length() + " characters"
        : Json.encode(value);
  }
}
