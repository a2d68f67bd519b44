package com.cpprediction.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LocalesTest {
  private static final String DEVANAGARI = "\u090f\u092e\u091c\u0940 caf\u00e9";

  @Test
  void takesDamagedArgumentsFromTheEndOfTheCommandLine() throws Exception {
    var typed = bytes("java", "-jar", "service.jar", "predict", DEVANAGARI, "--json");

    assertThat(Locales.decoded(typed, "predict", "\uFFFD\uFFFD caf\uFFFD", "--json"))
        .containsExactly("predict", DEVANAGARI, "--json");
  }

  @Test
  void refusesAnArgumentThatIsNotUtf8() {
    var typed = List.of("predict".getBytes(StandardCharsets.UTF_8), new byte[] {'c', (byte) 0xE9});

    assertThatThrownBy(() -> Locales.decoded(typed, "predict", "c\uFFFD"))
        .hasMessage("Argument 2 is not in UTF-8");
  }

  @Test
  void leavesOtherArgumentsAlone() throws Exception {
    var arguments = new String[] {"predict", DEVANAGARI};

    assertThat(Locales.typed(arguments)).isSameAs(arguments);
  }

  private static List<byte[]> bytes(String... words) {
    return Stream.of(words).map(word -> word.getBytes(StandardCharsets.UTF_8)).toList();
  }
}
