package com.cpprediction.prediction;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TypedAddressTest {
  @Test
  void isEqualByTextAndPincodeField() {
    var typed = new TypedAddress("MG Road", "560017");

    assertThat(typed)
        .isEqualTo(new TypedAddress("MG Road", "560017"))
        .hasSameHashCodeAs(new TypedAddress("MG Road", "560017"))
        .isEqualByComparingTo(new TypedAddress("MG Road", "560017"));
    for (var other :
        List.of(
            new TypedAddress("MG Road", null),
            new TypedAddress("MG Road", ""),
            new TypedAddress("mg road", "560017"),
            new TypedAddress("MG Road\u0000560017", null))) {
      assertThat(typed).isNotEqualTo(other);
      assertThat(other).isNotEqualTo(typed);
      assertThat(Integer.signum(typed.compareTo(other)))
          .isEqualTo(-Integer.signum(other.compareTo(typed)))
          .isNotZero();
    }
  }

  @Test
  void hashesTextsOfEqualStringHashesDifferently() {
    var texts =
        IntStream.range(0, 1 << 10)
            .mapToObj(
                bits -> {
                  var text = new StringBuilder();
                  for (int i = 0; i < 10; i++) text.append((bits >> i & 1) == 0 ? "an" : "c0");
                  return text.toString();
                })
            .toList();
    var hashes = texts.stream().map(text -> new TypedAddress(text, null).hashCode()).distinct();

    assertThat(texts.stream().map(String::hashCode).distinct()).hasSize(1);
    assertThat(hashes.count()).isGreaterThan(1_020);
  }

  /** HashMap and ConcurrentHashMap compare keys that are Comparable of their own class alone. */
  @Test
  void hasAnOrderThatHashTablesUse() {
    assertThat(TypedAddress.class.getGenericInterfaces()[0].getTypeName())
        .isEqualTo("java.lang.Comparable<%s>".formatted(TypedAddress.class.getTypeName()));
  }
}
