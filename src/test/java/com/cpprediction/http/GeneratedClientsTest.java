package com.cpprediction.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.OpenApi;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What the generators of {@code src/docs/clients.md} need of the contract; {@code ClientChaos} runs
 * what they generate.
 */
class GeneratedClientsTest {
  private static final Path CONTRACT =
      Path.of("src/main/resources/com/cpprediction/http/openapi.json");

  /** In {@code src/clients/go/unions.go} and below {@code src/clients/java}. */
  private static final List<String> WRITTEN_BY_HAND =
      List.of(
          "BatchAnswer.properties.results.items",
          "OutcomesAnswer.properties.results.items",
          "Warming");

  private static JsonObject contract;

  @BeforeAll
  static void read() throws IOException {
    contract = new JsonObject(Files.readString(CONTRACT));
  }

  @Test
  void everyOperationHasANameOfItsOwnAndOneTag() {
    var operations = new OpenApi(contract).operations();

    assertThat(operations)
        .extracting(operation -> operation.description().getString("operationId"))
        .doesNotContainNull()
        .doesNotHaveDuplicates();
    assertThat(operations)
        .allSatisfy(
            operation ->
                assertThat(operation.description().getJsonArray("tags"))
                    .as("%s", operation)
                    .hasSize(1));
  }

  @Test
  void everyUnionOfObjectsIsWrittenByHandWhereGeneratorsCantTellThemApart() {
    var unions = new ArrayList<String>();
    for (var schema : contract.getJsonObject("components").getJsonObject("schemas")) {
      collect(schema.getKey(), schema.getValue(), unions);
    }

    assertThat(unions)
        .as("Add it to openapiGeneratorIgnoreList in pom.xml and to src/clients")
        .containsExactlyInAnyOrderElementsOf(WRITTEN_BY_HAND);
  }

  private static void collect(String name, Object json, List<String> unions) {
    if (json instanceof JsonArray array) {
      for (var item : array) collect(name, item, unions);
    } else if (json instanceof JsonObject object) {
      if (object.getJsonArray("oneOf", new JsonArray()).stream().filter(notNull()).count() > 1) {
        unions.add(name);
      }
      for (var field : object) collect(name + "." + field.getKey(), field.getValue(), unions);
    }
  }

  private static Predicate<Object> notNull() {
    return alternative -> !"null".equals(((JsonObject) alternative).getString("type"));
  }
}
