package com.cpprediction.json;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrictJsonTest {
  @Test
  void parsesEveryKindOfValue() {
    var json = parse("{\"s\":\"ü\",\"i\":1,\"d\":1.5,\"t\":true,\"n\":null,\"a\":[1,{\"x\":2}]}");

    assertThat(json)
        .isEqualTo(
            new JsonObject()
                .put("s", "ü")
                .put("i", 1)
                .put("d", 1.5)
                .put("t", true)
                .putNull("n")
                .put("a", new JsonArray().add(1).add(new JsonObject().put("x", 2))));
  }

  @Test
  void internsNoNames() {
    var name = "a name that only this test has";

    var json =
        StrictJson.parseObject(
            "{\"a name that only this test has\":1}".getBytes(StandardCharsets.UTF_8));

    assertThat(json.fieldNames().iterator().next()).isEqualTo(name).isNotSameAs(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "NaN",
        "01",
        "1 2",
        "{} x",
        "{\"a\":1}{\"b\":2}",
        "{\"a\":1,\"a\":2}",
        "{\"x\":{\"a\":1,\"a\":2}}",
        "\"\u0001\"",
        "// comment\n1"
      })
  void refusesInvalidDocuments(String text) {
    refuses(text.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "22ff22",
        "22c0af22",
        "22eda08022",
        "22e282",
        "efbbbfefbbbf7b7d",
        "7befbbbf7d",
        "fffe7b007d00",
        "7b007d00",
        "007b007d"
      })
  void refusesInvalidUtf8(String hex) {
    refuses(HexFormat.of().parseHex(hex));
  }

  @Test
  void ignoresAByteOrderMark() {
    assertThat(parse("\uFEFF{\"a\": \"\uFEFFx\"}")).isEqualTo(new JsonObject().put("a", "\uFEFFx"));
    assertThatThrownBy(() -> parse("\uFEFF")).hasMessage("The JSON document is empty");
  }

  @Test
  void acceptsNestingUpToItsLimitOnly() {
    assertThat(parse(nested(StrictJson.MAX_DEPTH))).isNotNull();
    refuses(nested(StrictJson.MAX_DEPTH + 1).getBytes(StandardCharsets.UTF_8));
    refuses(nested(100_000).getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void refusesOverLongNumbers() {
    assertThat(parse("1".repeat(100))).isNotNull();
    refuses("1".repeat(101).getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void reportsThePositionOfAnError() {
    assertThatThrownBy(() -> parse("{\n  \"a\": ?}")).hasMessageContaining("line 2, column");
    assertThatThrownBy(() -> parse("{"))
        .hasMessage("Not valid JSON: Unexpected end-of-input (line 1, column 2)");
    assertThatThrownBy(() -> parse("{\"a\" 1}"))
        .hasMessage(
            "Not valid JSON: Unexpected character: was expecting a colon to separate field name and"
                + " value (line 1, column 6)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hunter2",
        "{\"a\": hunter2}",
        "{\"a\": \"x\" hunter2}",
        "{\"a\": hunter2",
        "{hunter2: 1}",
        "{\"a\": 'hunter2'}",
        "{\"hunter2\": 1, \"hunter2\": 2}",
        "[\"hunter2\"}",
        "{\"a\": \"\\hunter2\"}",
        "{\"a\": \"hunter2\n\"}",
        "{\"a\": \"hunter2",
        "{\"a\": 1hunter2}",
        "{\"a\": 0hunter2}",
        "{\"a\": -hunter2}",
        "{\"a\": \"hunter2\", hunter2}",
        "{\"a\": {}} hunter2",
        "{\"a\": tru}hunter2",
        "{\"a\": NaNhunter2}"
      })
  void quotesNothingOfARefusedDocument(String text) {
    assertThatThrownBy(() -> parse(text))
        .hasMessageContaining("line ")
        .extracting(Throwable::getMessage, as(InstanceOfAssertFactories.STRING))
        .doesNotContain("hunter", "unter2", "'h", "104", "nter");
  }

  @Test
  void refusesOtherValuesWhereAnObjectIsRequired() {
    assertThatThrownBy(() -> StrictJson.parseObject("[]".getBytes(StandardCharsets.UTF_8)))
        .hasMessageContaining("must be an object");
    assertThatThrownBy(() -> StrictJson.parseObject("null".getBytes(StandardCharsets.UTF_8)))
        .hasMessageContaining("must be an object");
  }

  private static Object parse(String text) {
    return StrictJson.parse(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String nested(int depth) {
    return "[".repeat(depth) + "]".repeat(depth);
  }

  private static void refuses(byte[] document) {
    assertThatThrownBy(() -> StrictJson.parse(document)).isInstanceOf(MalformedJsonException.class);
  }
}
