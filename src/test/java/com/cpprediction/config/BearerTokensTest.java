package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BearerTokensTest {
  private static final String OLD = "the-old-token-16";
  private static final String NEW = "!~,the+new/token=";

  @Test
  void noneAcceptsNothing() {
    assertThat(BearerTokens.NONE.none()).isTrue();
    assertThat(BearerTokens.NONE.accept("")).isFalse();
    assertThat(BearerTokens.of("")).isEqualTo(BearerTokens.NONE).hasToString("none");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {OLD + " " + NEW, "\t" + OLD + "  " + NEW + "\n", OLD + "\r\n" + NEW + "\r\n"})
  void acceptsAnyOfThem(String text) {
    var tokens = BearerTokens.of(text);

    assertThat(tokens.none()).isFalse();
    assertThat(tokens.accept(OLD)).isTrue();
    assertThat(tokens.accept(NEW)).isTrue();
    assertThat(Stream.of("", " ", text, OLD + " ", OLD.toUpperCase(), OLD + NEW, "x".repeat(16)))
        .noneMatch(tokens::accept);
  }

  @Test
  void namesTheCallerOfAToken() {
    var tokens =
        BearerTokens.of("shop:" + OLD + " " + NEW + " No:the-old-token-17 x:too-short-token");

    assertThat(tokens.named()).isTrue();
    assertThat(tokens.caller(OLD)).isEqualTo("shop");
    assertThat(tokens.caller(NEW)).isEqualTo(BearerTokens.UNNAMED);
    assertThat(tokens.caller("No:the-old-token-17")).isEqualTo(BearerTokens.UNNAMED);
    assertThat(tokens.caller("x:too-short-token")).isEqualTo(BearerTokens.UNNAMED);
    assertThat(tokens.caller("shop:" + OLD)).isNull();
    assertThat(BearerTokens.of(OLD + " " + NEW).named()).isFalse();
    assertThat(BearerTokens.sent("shop:" + OLD)).isEqualTo(OLD);
    assertThat(BearerTokens.sent("x:too-short-token")).isEqualTo("x:too-short-token");
  }

  @Test
  void areEqualWhenTheyAcceptTheSame() {
    assertThat(BearerTokens.of(OLD + " " + NEW))
        .isEqualTo(BearerTokens.of(" " + OLD + "\n" + NEW))
        .hasSameHashCodeAs(BearerTokens.of(" " + OLD + "\n" + NEW))
        .isNotEqualTo(BearerTokens.of(OLD))
        .hasToString("***");
  }

  static Stream<String> malformed() {
    return Stream.of(
        " ",
        "\n",
        "hunter2-too-sho",
        "hunter2-long-enough hunter2-too-sho",
        "hunter2-long-enough-é",
        "hunter2-long-enough\u0000",
        "hunter2-long-enough\u007f",
        "hunter2" + "x".repeat(506));
  }
}
