package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lists and secrets, by a schema of the test's own. */
class ConfigKeyTest {
  private static final JsonObject MEMBERS =
      new JsonObject(
          """
          {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+:[0-9]+$"},
           "maxItems": 3, "uniqueItems": true, "x-allowed": "up to 3 different host:port",
           "default": [], "description": "Nodes.", "x-reload": "restart"}
          """);
  private static final ConfigKey KEY = new ConfigKey("cluster.members", MEMBERS);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a:1 | [\"a:1\"]",
        "a:1,b:2 | [\"a:1\",\"b:2\"]",
        "` a:1 ,\tb:2 ` | [\"a:1\",\"b:2\"]",
        "a:1,,b:2 | [\"a:1\",\"\",\"b:2\"]",
        "a:1, | [\"a:1\",\"\"]",
        ", | [\"\",\"\"]",
        "` ` | [\"\"]",
      })
  void splitsATextAtItsCommas(String text, String list) {
    assertThat(KEY.fromText(text)).isEqualTo(new JsonArray(list));
  }

  @Test
  void aValidListIsImmutable() {
    var list = (List<?>) KEY.normal(JsonArray.of("a:1", "b:2"));

    assertThat(list).isEqualTo(List.of("a:1", "b:2"));
    assertThatThrownBy(() -> list.remove(0)).isInstanceOf(UnsupportedOperationException.class);
    assertThat(KEY.normal(KEY.defaultValue())).isEqualTo(List.of());
  }

  @Test
  void aListIsShownAsJson() {
    assertThat(KEY.masked(List.of("a:1"))).isEqualTo(JsonArray.of("a:1"));
    assertThat(KEY.range()).isEqualTo("up to 3 different host:port");
  }

  @Test
  void aSecretListIsNotShown() {
    var key = key(MEMBERS.copy().put("x-secret", true));

    assertThat(key.masked(List.of("a:1"))).isEqualTo("***");
    assertThat(errors(key, JsonArray.of("hunter2")))
        .containsExactly("cluster.members[0] is \"***\", must be up to 3 different host:port");
  }

  @Test
  void onlyADatabaseUriIsMaskedInPart() {
    var token =
        new ConfigKey("token", new JsonObject().put("type", "string").put("x-secret", true));
    var uri = "postgresql://cp:hunter2@db/cp";

    assertThat(token.masked(uri)).isEqualTo("***");
    assertThat(token.masked("")).isEqualTo("");
    assertThat(Samples.key("database.uri").masked(uri)).isEqualTo("postgresql://cp:***@db/cp");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"a:1\" | is \"a:1\", must be up to 3 different host:port",
        "{\"0\":\"a\"} | is an object, must be up to 3 different host:port",
        "null | is null, must be up to 3 different host:port",
        "[\"a:1\",\"a:1\"] | is a list of 2, must be up to 3 different host:port",
        "[\"a:1\",\"b:1\",\"c:1\",\"d:1\"] | is a list of 4, must be up to 3 different host:port",
        "[\"a:1\",\"\"] | [1] is \"\", must be up to 3 different host:port",
        "[7] | [0] is 7, must be up to 3 different host:port",
        "[null] | [0] is null, must be up to 3 different host:port",
        "[[\"a:1\"]] | [0] is a list, must be up to 3 different host:port",
        "[{\"x.y\":1}] | [0] is an object, must be up to 3 different host:port",
      })
  void describesTheErrorOfAList(String value, String error) {
    var document = new JsonObject("{\"cluster\": {\"members\": %s}}".formatted(value));
    var expected = error.startsWith("[") ? "cluster.members" + error : "cluster.members " + error;

    assertThat(schema(KEY).errors(document, ConfigKey::path)).containsExactly(expected);
  }

  @Test
  void namesEveryWrongItemOfAVariable() {
    var document = new JsonObject();
    KEY.put(document, KEY.fromText("a:1,B,"));

    assertThat(schema(KEY).errors(document, ConfigKey::variable))
        .containsExactly(
            "CP_CLUSTER_MEMBERS[1] is \"B\", must be up to 3 different host:port",
            "CP_CLUSTER_MEMBERS[2] is \"\", must be up to 3 different host:port");
  }

  @Test
  void anItemMayHaveADescriptionOfItsOwn() {
    var items = MEMBERS.getJsonObject("items").copy().put("x-allowed", "host:port");
    var key = key(MEMBERS.copy().put("items", items));

    assertThat(errors(key, JsonArray.of("a")))
        .containsExactly("cluster.members[0] is \"a\", must be host:port");
  }

  @Test
  void acceptsAValidList() {
    assertThat(errors(KEY, JsonArray.of("a:1", "b:1"))).isEmpty();
    assertThat(errors(KEY, new JsonArray())).isEmpty();
  }

  private static ConfigKey key(JsonObject schema) {
    return new ConfigKey(KEY.path(), schema);
  }

  private static List<String> errors(ConfigKey key, JsonArray list) {
    var document = new JsonObject();
    key.put(document, list);
    return schema(key).errors(document, ConfigKey::path);
  }

  private static ConfigSchema schema(ConfigKey key) {
    var cluster =
        new JsonObject()
            .put("type", "object")
            .put("additionalProperties", false)
            .put("properties", new JsonObject().put("members", key.schema()));
    return new ConfigSchema(
        new JsonObject()
            .put("type", "object")
            .put("additionalProperties", false)
            .put("properties", new JsonObject().put("cluster", cluster)));
  }
}
