package com.cpprediction.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Parses JSON from untrusted callers. Errors have kind and position but never quote the document.
 * Beyond the grammar, refuses duplicate keys, nesting deeper than {@value #MAX_DEPTH}, numbers
 * longer than {@value #MAX_NUMBER} characters and text after the document.
 */
public final class StrictJson {
  /** Deepest nesting of arrays and objects. */
  static final int MAX_DEPTH = 32;

  private static final int MAX_NUMBER = 100;

  /**
   * Safe beginnings of Jackson's messages. The rest quotes the document, which may contain an
   * address or a secret, except the expectation after a character.
   */
  private static final List<String> KINDS =
      List.of(
          "Unexpected end-of-input",
          "Unexpected close marker",
          "Unexpected character",
          "Unrecognized token",
          "Unrecognized character escape",
          "Non-standard token",
          "Duplicate field",
          "Illegal unquoted character",
          "Illegal character",
          "Invalid numeric value",
          "Invalid UTF-8");

  private static final Pattern EXPECTED = Pattern.compile("\\(code \\d+[^)]*\\)\\): ([\\w \\-/]+)");

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(
              StreamReadFeature
                  .INCLUDE_SOURCE_IN_LOCATION) // an error message must not contain an address
          // Interned names of untrusted callers would fill the JVM's string table.
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(MAX_NUMBER)
                  .build())
          .build();

  /** Ignored at the start of a document (RFC 8259, 8.1). */
  private static final char BYTE_ORDER_MARK = '\uFEFF';

  /** Names, values, and starts and ends of objects and arrays; a valid request has up to 60,000. */
  private static final int MAX_TOKENS = 100_000;

  private static final int MAX_STRING = 64 * 1024;

  /** Limits for requests, so that the parsed form isn't many times larger than the document. */
  private static final JsonFactory REQUESTS =
      FACTORY
          .rebuild()
          .streamReadConstraints(
              FACTORY
                  .streamReadConstraints()
                  .rebuild()
                  .maxTokenCount(MAX_TOKENS)
                  .maxStringLength(MAX_STRING)
                  .build())
          .build();

  private StrictJson() {}

  /**
   * @param utf8 one JSON document
   * @return {@link JsonObject}, {@link JsonArray}, {@link String}, {@link Number}, {@link Boolean}
   *     or null
   * @throws MalformedJsonException with line and column
   */
  public static @Nullable Object parse(byte[] utf8) {
    return parse(FACTORY, utf8);
  }

  private static @Nullable Object parse(JsonFactory factory, byte[] utf8) {
    try (var parser = parser(factory, utf8)) {
      if (parser.nextToken() == null)
        throw new MalformedJsonException("The JSON document is empty");
      var value = value(parser);
      if (parser.nextToken() != null) throw malformed("text after the end of the document", parser);
      return wrap(value);
    } catch (StreamConstraintsException e) {
      throw new MalformedJsonException(
          "The JSON nests deeper than "
              + MAX_DEPTH
              + " levels or has an over-long number, name or string, or too many of them");
    } catch (JsonParseException e) {
      throw new MalformedJsonException(
          "Not valid JSON: %s (line %d, column %d)"
              .formatted(
                  kind(e.getOriginalMessage()),
                  e.getLocation().getLineNr(),
                  e.getLocation().getColumnNr()));
    } catch (IOException e) { // of a byte array: only CharacterCodingException
      throw new MalformedJsonException("The JSON is not valid UTF-8");
    }
  }

  /**
   * @throws MalformedJsonException as {@link #parse}, and when the document is not an object
   */
  public static JsonObject parseObject(byte[] utf8) {
    return object(parse(utf8));
  }

  /**
   * As {@link #parseObject}, of what a caller sent: refuses more than {@value #MAX_TOKENS} tokens
   * and strings longer than {@value #MAX_STRING} characters, too.
   */
  public static JsonObject parseRequest(byte[] utf8) {
    return object(parse(REQUESTS, utf8));
  }

  private static JsonObject object(@Nullable Object json) {
    if (json instanceof JsonObject object) return object;
    throw new MalformedJsonException("The JSON document must be an object");
  }

  private static String kind(String message) {
    var kind = KINDS.stream().filter(message::startsWith).findFirst().orElse("Syntax error");
    var expected = EXPECTED.matcher(message);
    return expected.find() ? kind + ": " + expected.group(1).strip() : kind;
  }

  /** Decodes strictly: Jackson accepts overlong forms, encoded surrogates and UTF-16. */
  private static JsonParser parser(JsonFactory factory, byte[] utf8) throws IOException {
    var text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8));
    int mark = text.length() > 0 && text.charAt(0) == BYTE_ORDER_MARK ? 1 : 0;
    return factory.createParser(text.array(), text.arrayOffset() + mark, text.length() - mark);
  }

  private static @Nullable Object value(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> object(parser);
      case START_ARRAY -> array(parser);
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT -> parser.getNumberValue();
      case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case VALUE_TRUE -> Boolean.TRUE;
      case VALUE_FALSE -> Boolean.FALSE;
      case VALUE_NULL -> null;
      default -> throw malformed("unexpected " + parser.currentToken(), parser);
    };
  }

  private static Map<String, Object> object(JsonParser parser) throws IOException {
    var object = new LinkedHashMap<String, Object>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      var name = parser.currentName();
      parser.nextToken();
      object.put(name, value(parser));
    }
    return object;
  }

  private static List<Object> array(JsonParser parser) throws IOException {
    var array = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) array.add(value(parser));
    return array;
  }

  @SuppressWarnings("unchecked")
  private static @Nullable Object wrap(@Nullable Object value) {
    if (value instanceof Map) return new JsonObject((Map<String, Object>) value);
    if (value instanceof List) return new JsonArray((List<Object>) value);
    return value;
  }

  private static MalformedJsonException malformed(String what, JsonParser parser) {
    var at = parser.currentLocation();
    return new MalformedJsonException(
        "Not valid JSON: %s (line %d, column %d)"
            .formatted(what, at.getLineNr(), at.getColumnNr()));
  }
}
