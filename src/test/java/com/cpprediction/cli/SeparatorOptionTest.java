package com.cpprediction.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class SeparatorOptionTest {
  private final SeparatorOption.Converter separators = new SeparatorOption.Converter();

  @Test
  void isATabByNameOrAnyOtherCharacter() {
    assertThat(separators.convert("tab")).isEqualTo('\t');
    assertThat(separators.convert("\\t")).isEqualTo('\t');
    assertThat(separators.convert("\t")).isEqualTo('\t');
    assertThat(separators.convert(";")).isEqualTo(';');
    assertThat(separators.convert("¦")).isEqualTo('¦');
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ";;", "a", "5", "க", " ", "\u00a0", "\"", "\n", "\0", "\ud83d"})
  void isNothingThatNamesAndValuesHave(String text) {
    assertThatThrownBy(() -> separators.convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("must be tab or one character");
  }
}
