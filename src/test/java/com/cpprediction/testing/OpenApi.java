package com.cpprediction.testing;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.json.schema.Draft;
import io.vertx.json.schema.JsonSchema;
import io.vertx.json.schema.JsonSchemaOptions;
import io.vertx.json.schema.OutputFormat;
import io.vertx.json.schema.Validator;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** An OpenAPI document, and what its schemas say of a value. */
public final class OpenApi {
  private static final List<String> METHODS = List.of("get", "post", "put", "patch", "delete");
  private static final String LENIENT = "x-fails-alone";

  private final JsonObject document;
  private final Map<String, Validator> validators = new HashMap<>();

  /** How a validator takes schemas. */
  private enum Reading {
    /** As they are. */
    STRICT,
    /** Without those of items that each fail alone. */
    LENIENT,
    /** As they are, but objects have no properties beside those that are listed. */
    CLOSED
  }

  /** A call that the document describes. */
  public record Operation(String path, String method, JsonObject description) {
    /** The first of the media types of its body, null when it has none. */
    public String bodyType() {
      var body = description.getJsonObject("requestBody");
      return body == null ? null : body.getJsonObject("content").fieldNames().iterator().next();
    }

    /** What is said of its body; not to be asked when it has none. */
    public JsonObject body() {
      return description
          .getJsonObject("requestBody")
          .getJsonObject("content")
          .getJsonObject(bodyType());
    }

    @Override
    public String toString() {
      return method.toUpperCase(Locale.ROOT) + ' ' + path;
    }
  }

  public OpenApi(JsonObject document) {
    this.document = document;
  }

  /** All operations in the order of the document. */
  public List<Operation> operations() {
    var operations = new ArrayList<Operation>();
    for (var path : document.getJsonObject("paths")) {
      for (var method : METHODS) {
        var description = ((JsonObject) path.getValue()).getJsonObject(method);
        if (description != null) operations.add(new Operation(path.getKey(), method, description));
      }
    }
    return operations;
  }

  /** {@code part}, or what it refers to. */
  public JsonObject resolve(JsonObject part) {
    var reference = part.getString("$ref");
    if (reference == null) return part;
    var found = document;
    for (var name : reference.substring(2).split("/")) found = found.getJsonObject(name);
    return resolve(found);
  }

  /** The schemas of items that each fail alone, by the name of the array in {@code schema}. */
  public Map<String, JsonObject> failingAlone(JsonObject schema) {
    var found = new HashMap<String, JsonObject>();
    for (var alternative : alternatives(schema)) {
      for (var property : alternative.getJsonObject("properties", new JsonObject())) {
        var array = resolve((JsonObject) property.getValue());
        if (array.getBoolean(LENIENT, false)) {
          found.put(property.getKey(), array.getJsonObject("items"));
        }
      }
    }
    return found;
  }

  /** {@code schema} itself, or what it offers to choose from. */
  public List<JsonObject> alternatives(JsonObject schema) {
    var resolved = resolve(schema);
    for (var keyword : List.of("oneOf", "anyOf")) {
      if (resolved.getValue(keyword) instanceof JsonArray all) {
        return all.stream().flatMap(one -> alternatives((JsonObject) one).stream()).toList();
      }
    }
    return List.of(resolved);
  }

  /** Whether {@code value} is what {@code schema} says. */
  public boolean accepts(JsonObject schema, Object value) {
    return errors(schema, value, Reading.STRICT).isEmpty();
  }

  /** As {@link #accepts}, whatever the items are that each fail alone. */
  public boolean acceptsWhole(JsonObject schema, Object value) {
    return errors(schema, value, Reading.LENIENT).isEmpty();
  }

  /** What is wrong with {@code value}, and what it has that {@code schema} doesn't name. */
  public List<String> errors(JsonObject schema, Object value) {
    return errors(schema, value, Reading.CLOSED);
  }

  private List<String> errors(JsonObject schema, Object value, Reading reading) {
    var validator =
        validators.computeIfAbsent(reading + schema.encode(), key -> validator(schema, reading));
    var result = validator.validate(value);
    return result.getValid()
        ? List.of()
        : result.getErrors().stream()
            .map(e -> e.getInstanceLocation() + " " + e.getError())
            .toList();
  }

  private Validator validator(JsonObject schema, Reading reading) {
    var whole =
        new JsonObject()
            .put("components", read(document.getJsonObject("components"), reading))
            .put("allOf", new JsonArray().add(read(schema, reading)));
    return Validator.create(
        JsonSchema.of(whole),
        new JsonSchemaOptions()
            .setDraft(Draft.DRAFT202012)
            .setBaseUri("app://contract/")
            .setOutputFormat(OutputFormat.Basic));
  }

  /** A copy of {@code json} as a validator in Java is to understand it. */
  private static Object read(Object json, Reading reading) {
    if (json instanceof JsonArray array) {
      var copy = new JsonArray(); // which a validator marks
      for (var item : array) copy.add(read(item, reading));
      return copy;
    }
    if (!(json instanceof JsonObject object)) return json;
    var copy = new JsonObject();
    for (var field : object) copy.put(field.getKey(), read(field.getValue(), reading));
    if (copy.getValue("pattern") instanceof String pattern && pattern.endsWith("$")) {
      // In a contract it means the end, in Java also a line's end before that.
      copy.put("pattern", pattern.substring(0, pattern.length() - 1) + "\\z");
    }
    if (reading == Reading.LENIENT && copy.getValue(LENIENT) != null) copy.remove("items");
    if (reading == Reading.CLOSED
        && copy.getValue("properties") instanceof JsonObject
        && copy.containsKey("type")
        && !copy.containsKey("additionalProperties")) {
      copy.put("additionalProperties", false);
    }
    return copy;
  }
}
