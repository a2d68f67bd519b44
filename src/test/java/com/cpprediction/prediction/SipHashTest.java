package com.cpprediction.prediction;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Collisions;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SipHashTest {
  /** CPython 3.11's {@code hash(text.encode("utf-16-le"))} with PYTHONHASHSEED=0 and =42. */
  @ParameterizedTest
  @CsvSource({
    "a, 9b310fba2c6d84d2, adb82230e499f07f",
    "an, a33189dbbe7ab797, 793f9930ad43fa8e",
    "ann, 15060e38f4026c15, fed77a7fd32a2f25",
    "anna, 5cc87a393d5819ae, 773b3fd0d4c2973f",
    "annan, 73d0250db7092df0, 52b1a63d885f4383",
    "221b baker street, 7e7209cde0f87a30, 52e228c77bbe5bd6",
    "कोर, 80a2fdace9ae1ff9, fa3441d7ca5d6a4b",
  })
  void equalsTheHashOfOtherImplementations(String text, String withoutKey, String withKey) {
    assertThat(new SipHash(0, 0).hash(text, null)).hasToString(signed(withoutKey));
    assertThat(new SipHash(0xdc504fd368cd90afL, 0xb920bb9ffe99e9c1L).hash(text, null))
        .hasToString(signed(withKey));
  }

  @Test
  void hashesTwoTextsAsOneSeparatedByAZero() {
    assertThat(new SipHash(0, 0).hash("mg road", "560017")).isEqualTo(0x56815008f54b4cbfL);
    assertThat(new SipHash(0, 0).hash("mg road\0" + "560017", null)).isEqualTo(0x56815008f54b4cbfL);
  }

  @Test
  void usesARandomKey() {
    assertThat(SipHash.random().hash("mg road", null))
        .isNotEqualTo(SipHash.random().hash("mg road", null));
  }

  @Test
  void hashesTextsOfEqualHashCodesDifferently() {
    var texts = Collisions.words(1 << 14);
    var hash = new SipHash(1, 2);

    var lower = // the bits that tell the places of a table of twice as many
        texts.stream()
            .collect(
                Collectors.groupingBy(t -> hash.hash(t, null) & 0x7fff, Collectors.counting()));

    assertThat(texts.stream().map(String::hashCode)).containsOnly(texts.get(0).hashCode());
    assertThat(lower.values()).allSatisfy(together -> assertThat(together).isLessThan(8));
  }

  private static String signed(String hex) {
    return Long.toString(Long.parseUnsignedLong(hex, 16));
  }
}
