package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokensTest {
  private static final String KEY = "http.admin_token";
  private static final String OLD = "the-old-token-16";
  private static final String NEW = "!~,the+new/token=";

  @Test
  void noneAcceptsNothing() {
    assertThat(Tokens.NONE.none()).isTrue();
    assertThat(Tokens.NONE.accept("")).isFalse();
    assertThat(Tokens.of(KEY, "")).isEqualTo(Tokens.NONE).hasToString("none");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {OLD + " " + NEW, "\t" + OLD + "  " + NEW + "\n", OLD + "\r\n" + NEW + "\r\n"})
  void acceptsAnyOfThem(String text) {
    var tokens = Tokens.of(KEY, text);

    assertThat(tokens.none()).isFalse();
    assertThat(tokens.accept(OLD)).isTrue();
    assertThat(tokens.accept(NEW)).isTrue();
    assertThat(Stream.of("", " ", text, OLD + " ", OLD.toUpperCase(), OLD + NEW, "x".repeat(16)))
        .noneMatch(tokens::accept);
  }

  @Test
  void areEqualWhenTheyAcceptTheSame() {
    assertThat(Tokens.of(KEY, OLD + " " + NEW))
        .isEqualTo(Tokens.of(KEY, " " + OLD + "\n" + NEW))
        .hasSameHashCodeAs(Tokens.of(KEY, " " + OLD + "\n" + NEW))
        .isNotEqualTo(Tokens.of(KEY, OLD))
        .hasToString("***");
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void refusesWhatIsNoTokenWithoutQuotingIt(String text) {
    assertThatThrownBy(() -> Tokens.of(KEY, text)).hasMessage(KEY + " is not well-formed");
  }

  @Test
  void isTheSyntaxOfTheSchema() {
    assertThat(Stream.of(KEY, "http.predict_token"))
        .allSatisfy(
            key ->
                assertThat(Tokens.SYNTAX.pattern())
                    .isEqualTo(Samples.key(key).schema().getString("pattern")));
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
