package com.cpprediction.testing;

import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Supplier;

/**
 * Makes values that a schema accepts, and such as lie just beside: at and beyond each of its
 * limits, of other types, with a field missing or one too many, and with characters changed. It
 * doesn't say which are which.
 */
public final class SchemaCases {
  private static final int EDITS = 40; // of each string
  private static final int WHOLE = 36; // characters of a string that are changed one by one
  private static final String ADDRESS = "12 MG Road, Bengaluru 560001";

  /** Where a string is changed, with one of these. */
  private static final String ALPHABET = "0159aFgZ -.,/\t\n\r\u000B\u001F\u0000\u0085\u00A0ß½①é";

  private static final List<String> FURTHER =
      List.of("\u3000", "\u2007", "५", "٣", "\uFEFF", "\uD83D\uDE00", "\uD83D", "\uDE00", "क्षे");

  private final OpenApi api;
  private final Random random;

  public SchemaCases(OpenApi api, long seed) {
    this.api = api;
    random = new Random(seed);
  }

  /** Values for {@code schema}, of which the first is one that it accepts. */
  public List<Object> of(JsonObject schema) {
    var cases = new ArrayList<Object>();
    for (var alternative : api.alternatives(schema)) cases.addAll(ofOne(alternative));
    cases.addAll(otherTypes());
    return cases;
  }

  private List<Object> ofOne(JsonObject schema) {
    var type = schema.getValue("type");
    var types = type instanceof JsonArray several ? several.getList() : List.of(type);
    var cases = new ArrayList<Object>();
    for (var one : types) {
      switch ((String) one) {
        case "object" -> cases.addAll(objects(schema));
        case "array" -> cases.addAll(arrays(schema));
        case "string" -> cases.addAll(strings(schema));
        case "integer" -> cases.addAll(integers(schema));
        case "boolean" -> cases.addAll(List.of(true, false));
        case "null" -> cases.add(null);
        default -> throw new IllegalArgumentException("no values of type " + one);
      }
    }
    return cases;
  }

  /** Values of all types, whichever a schema has. */
  private static List<Object> otherTypes() {
    return Arrays.asList(
        null, true, 0, -1, 560017, 1.5, 5.0, 1e300, "", "x", new JsonArray(), new JsonObject());
  }

  private List<Object> objects(JsonObject schema) {
    var properties = schema.getJsonObject("properties");
    var cases = new ArrayList<Object>();
    cases.add(object(schema, true));
    cases.add(object(schema, false));
    for (var property : properties) {
      var name = property.getKey();
      cases.add(without(object(schema, true), name));
      cases.add(object(schema, true).put(name.toUpperCase(Locale.ROOT), "x"));
      for (var value : of((JsonObject) property.getValue())) {
        cases.add(object(schema, random.nextBoolean()).put(name, value));
      }
    }
    for (var unknown : List.of("", "x", "__proto__", "$ref")) {
      cases.add(object(schema, true).put(unknown, null));
      cases.add(object(schema, false).put(unknown, "x"));
    }
    return cases;
  }

  /** One that {@code schema} accepts. */
  private JsonObject object(JsonObject schema, boolean whole) {
    var required = schema.getJsonArray("required", new JsonArray());
    var object = new JsonObject();
    for (var property : schema.getJsonObject("properties")) {
      if (whole || required.contains(property.getKey())) {
        object.put(property.getKey(), valid((JsonObject) property.getValue()));
      }
    }
    return object;
  }

  private List<Object> arrays(JsonObject schema) {
    var items = schema.getJsonObject("items");
    int least = schema.getInteger("minItems", 0);
    Integer most = schema.getInteger("maxItems");
    var cases = new ArrayList<Object>();
    cases.add(array(items, Math.max(1, least)));
    cases.add(array(items, least));
    if (least > 0) cases.add(array(items, least - 1));
    if (most != null) {
      cases.add(array(items, most));
      cases.add(array(items, most + 1));
    }
    // Good ones between those that may be bad, a few at a time.
    var mixed = new JsonArray();
    for (var value : of(items)) {
      mixed.add(value).add(valid(items));
      if (mixed.size() < 40) continue;
      cases.add(mixed);
      mixed = new JsonArray();
    }
    cases.add(mixed);
    for (var value : ofOne(api.alternatives(items).get(0)).stream().limit(60).toList()) {
      cases.add(new JsonArray().add(value));
    }
    return cases;
  }

  private JsonArray array(JsonObject items, int size) {
    return new JsonArray(Collections.nCopies(size, valid(items)));
  }

  private List<Object> strings(JsonObject schema) {
    int least = schema.getInteger("minLength", 0);
    Integer most = schema.getInteger("maxLength");
    Supplier<String> valid = () -> (String) validOne(schema, "string");
    var cases = new ArrayList<Object>();
    cases.add(valid.get());
    if (least > 0) cases.add("a".repeat(least - 1));
    cases.add("a".repeat(least));
    if (most != null) {
      for (var unit : List.of("a", "1", " ", "ß", "\u3000", "\uD83D\uDE00", "\uFDFA", "५")) {
        cases.add(unit.repeat(most));
        cases.add(unit.repeat(most + 1));
        cases.add(unit.repeat(most - 1) + "a");
      }
    }
    for (var blank : List.of(" ", "\t\n\r", "\u001F\u2028", "\u00A0", "\u2007", "\uFEFF", "-")) {
      cases.add(blank);
      cases.add(blank + valid.get() + blank);
    }
    for (int i = 0; i < Math.min(valid.get().length(), WHOLE); i++) { // each digit may matter
      for (var digit : List.of("0", "5")) {
        var text = valid.get();
        if (i < text.length()) cases.add(text.substring(0, i) + digit + text.substring(i + 1));
      }
    }
    for (int i = 0; i < EDITS; i++) {
      var text = valid.get();
      for (int edits = 1 + random.nextInt(3); edits > 0; edits--) text = edited(text);
      cases.add(text);
    }
    return cases;
  }

  private String edited(String text) {
    int at = text.isEmpty() ? 0 : random.nextInt(text.length());
    var before = text.substring(0, at);
    var after = text.substring(at);
    return switch (random.nextInt(4)) {
      case 0 -> before + (after.isEmpty() ? "" : after.substring(1));
      case 1 -> before + character() + (after.isEmpty() ? "" : after.substring(1));
      case 2 -> text + character();
      default -> before + character() + after;
    };
  }

  private String character() {
    int i = random.nextInt(ALPHABET.length() + FURTHER.size());
    return i < ALPHABET.length()
        ? ALPHABET.substring(i, i + 1)
        : FURTHER.get(i - ALPHABET.length());
  }

  private List<Object> integers(JsonObject schema) {
    int least = schema.getInteger("minimum", 0);
    int most = schema.getInteger("maximum", Integer.MAX_VALUE - 1);
    return List.of(least, least - 1, most, most + 1, (double) least, least + 0.5, 1L << 40);
  }

  private Object valid(JsonObject schema) {
    var resolved = api.alternatives(schema).get(random.nextInt(api.alternatives(schema).size()));
    var type = resolved.getValue("type");
    var types = type instanceof JsonArray several ? several : new JsonArray().add(type);
    return validOne(resolved, types.getString(random.nextInt(types.size())));
  }

  private Object validOne(JsonObject schema, String type) {
    return switch (type) {
      case "boolean" -> random.nextBoolean();
      case "null" -> null;
      case "object" -> object(schema, random.nextBoolean());
      case "array" ->
          array(schema.getJsonObject("items"), Math.max(1, schema.getInteger("minItems", 0)));
      case "integer" -> schema.getInteger("minimum", 0);
      case "string" -> validString(schema);
      default -> throw new IllegalArgumentException("no value of type " + type);
    };
  }

  /** The first that {@code schema} accepts of what callers send. */
  private String validString(JsonObject schema) {
    var candidates =
        new ArrayList<>(
            List.of(
                UuidCreator.getTimeOrderedEpoch().toString(),
                ADDRESS,
                "560" + (random.nextBoolean() ? " " : "-") + "001",
                "560",
                "newest",
                "refused",
                "५६०००१",
                " "));
    if (!"uuid".equals(schema.getString("format"))) candidates.remove(0);
    return candidates.stream()
        .filter(text -> api.accepts(schema, text))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no string for " + schema));
  }

  private static JsonObject without(JsonObject object, String name) {
    object.remove(name);
    return object;
  }
}
