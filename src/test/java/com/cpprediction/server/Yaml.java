package com.cpprediction.server;

import com.fasterxml.jackson.databind.AnnotationIntrospector;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Files of YAML. */
final class Yaml {
  private static final YAMLMapper MAPPER =
      YAMLMapper.builder(
              YAMLFactory.builder()
                  .enable(YAMLParser.Feature.PARSE_BOOLEAN_LIKE_WORDS_AS_STRINGS)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .annotationIntrospector(strict())
          .build();

  private Yaml() {}

  /** Leaves a model no place to keep properties that it doesn't know. */
  private static AnnotationIntrospector strict() {
    return new JacksonAnnotationIntrospector() {
      @Override
      public Boolean hasAnySetter(Annotated member) {
        return false;
      }
    };
  }

  static List<JsonNode> documents(Path file) throws IOException {
    try (var values = MAPPER.readerFor(JsonNode.class).<JsonNode>readValues(file.toFile())) {
      return values.readAll();
    }
  }

  static JsonNode document(Path file) throws IOException {
    return documents(file).get(0);
  }

  /** Fails on a property that the type lacks. */
  static <T> T strictly(JsonNode document, Class<T> type) throws IOException {
    return MAPPER.treeToValue(document, type);
  }
}
