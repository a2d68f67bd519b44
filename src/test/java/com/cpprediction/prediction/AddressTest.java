package com.cpprediction.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.prediction.PincodeCandidate.Cue;
import com.cpprediction.testing.Collisions;
import java.text.Normalizer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "12, MG Road,Bengaluru | 12 mg road bengaluru",
        "'  12   MG\tROAD  '   | 12 mg road",
        "Flat#4-B/2            | flat 4 b 2",
        "Straße                | strasse",
        "ＭＧ　Road             | mg road",
        "ﬁrst ﬂoor             | first floor",
        "४११०३३ पुणे              | 411033 पुणे",
      })
  void canonicalisesEquivalentText(String typed, String canonical) {
    assertThat(Address.canonical(typed)).isEqualTo(canonical);
  }

  @Test
  void treatsComposedAndDecomposedTextAsEqual() {
    var composed = "Café Résidence, 560017";
    var decomposed = Normalizer.normalize(composed, Normalizer.Form.NFD);

    assertThat(decomposed).isNotEqualTo(composed);
    assertThat(Address.of(decomposed, null)).isEqualTo(Address.of(composed, null));
  }

  @Test
  void isIdempotent() {
    var once = Address.canonical("Plot 7/B, ४११ ०३३ Pune – “Straße”");

    assertThat(Address.canonical(once)).isEqualTo(once);
  }

  @Test
  void dropsZeroWidthCharactersWithinAWord() {
    assertThat(Address.canonical("Ko\u200Bra\u200Dman\u200Cga\uFEFFla")).isEqualTo("koramangala");
    assertThat(Address.of("x 56\u200B0017", null).pincode()).isEqualTo("560017");
  }

  @Test
  void keepsTheMarksOfIndicScripts() {
    assertThat(Address.canonical("कोरमंगला")).isEqualTo("कोरमंगला");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Pune 411033", "Pune 411 033", "Pune 411-033", "Pune 411.033", "Pune 411 - 033",
        "Pune-411033.", "Pune ४११०३३", "Pune ٤١١٠٣٣", "Pune ４１１０३३", "pune, (411033)",
        "Pune 411 – 033", "Pune 411‑033", "Pune 411,033", "Pune 411\n033", "Pune 411&nbsp;033",
        "<b>Pune</b> 411\t033", "Pune 4 1 1 0 3 3",
      })
  void findsAPincodeInAnyNotation(String typed) {
    var candidate = new PincodeCandidate(411_033, Cue.PLACED, 5);

    assertThat(Address.of(typed, null))
        .isEqualTo(Address.believing("pune 411033", List.of(candidate)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Flat 101/102",
        "phone 98860012345",
        "12345",
        "1234567",
        "012345 street",
        "560 0 17",
        "12 MG Road"
      })
  void mistakesNoOtherNumberForAPincode(String typed) {
    assertThat(Address.of(typed, null).pincode()).isNull();
  }

  @Test
  void usesTheLastOfSeveralEquallyGoodPincodes() {
    assertThat(Address.of("560001 to 560017, India", null).pincode()).isEqualTo("560017");
  }

  @Test
  void prefersTheFieldToTheText() {
    assertThat(Address.of("Bengaluru 560001", "560017").pincode()).isEqualTo("560017");
  }

  @ParameterizedTest
  @ValueSource(strings = {"560017", "560 017", " 560-017 ", "५६००१७", "560\u200B017"})
  void acceptsTheNotationsOfTheTextInTheField(String field) {
    assertThat(Address.of("Bengaluru", field).pincode()).isEqualTo("560017");
  }

  @ParameterizedTest
  @ValueSource(strings = {"56001", "5600170", "060017", "56001A", "abc", "-", "560017 560018"})
  void refusesAFieldWithoutAPincode(String field) {
    assertThatThrownBy(() -> Address.of("Bengaluru 560001", field))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> assertThat(e.failure()).isEqualTo(Failure.MALFORMED_REQUEST))
        .hasMessageContaining("pincode");
  }

  @Test
  void ignoresABlankField() {
    assertThat(Address.of("Bengaluru 560001", " ").pincode()).isEqualTo("560001");
  }

  @Test
  void refusesTextThatExpandsBeyondTheLimit() {
    var ligatures = "\uFDFA".repeat(1_000); // 18 letters and spaces each

    assertThat(Address.canonical(ligatures)).hasSizeGreaterThan(Address.MAX_TEXT);
    assertThatThrownBy(() -> Address.of(ligatures, "560017"))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> assertThat(e.failure()).isEqualTo(Failure.MALFORMED_REQUEST))
        .hasMessageContaining("address is longer than 4000");
    assertThat(Address.of("x".repeat(Address.MAX_TEXT), null).text()).hasSize(Address.MAX_TEXT);
  }

  @ParameterizedTest
  @ValueSource(strings = {" ", "--- !!!", "\u200B", "😀"})
  void refusesTextWithoutALetterOrDigit(String typed) {
    assertThatThrownBy(() -> Address.of(typed, "560017"))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> assertThat(e.failure()).isEqualTo(Failure.MALFORMED_REQUEST))
        .hasMessageContaining("address");
  }

  @Test
  void hashesAddressesOfEqualStringHashesDifferently() {
    var words = Collisions.words(8_192);
    var hashes = words.stream().map(word -> new Address(word, "560017").hashCode()).distinct();

    assertThat(words.stream().map(String::hashCode).distinct()).hasSize(1);
    assertThat(hashes.count()).isGreaterThan(8_180); // 8,191.99 are expected of 32 bits
  }

  @Test
  void isEqualWhenTextAndPincodeAreEqual() {
    var address = new Address("mg road", "560017");

    assertThat(address)
        .isEqualTo(new Address("mg road", "560017"))
        .hasSameHashCodeAs(new Address("mg road", "560017"))
        .isNotEqualTo(new Address("mg road", "560018"))
        .isNotEqualTo(new Address("mg road", null))
        .isNotEqualTo(new Address("mg roads", "560017"))
        .isNotEqualTo(Address.believing("mg road", List.of(placed(560_017, 3))))
        .isNotEqualTo("mg road");
    assertThat(address.equals(null)).isFalse();
    assertThat(address).hasToString("Address[text=mg road, pincode=560017]");
  }

  @Test
  void ordersAddressesOfEqualHashes() {
    var ascending =
        List.of(
            new Address("z", null, -1),
            new Address("a", null, 7),
            new Address("a", "411001", 7),
            new Address("a", "560017", 7),
            new Address("b", null, 7));
    var others =
        List.of(
            believing(),
            believing(placed(560_017, 3)),
            believing(placed(560_017, 3), placed(411_001, 9)),
            believing(placed(560_017, 3), placed(560_018, 9)),
            believing(placed(560_017, 4)));
    for (int i = 0; i < others.size(); i++) {
      for (int k = 1; k < others.size(); k++) {
        boolean equal = others.get(i).compareTo(others.get(k)) == 0;
        assertThat(equal).isEqualTo(i == k).isEqualTo(others.get(i).equals(others.get(k)));
      }
    }

    for (int i = 0; i < ascending.size(); i++) {
      for (int k = 0; k < ascending.size(); k++) {
        int order = ascending.get(i).compareTo(ascending.get(k));
        assertThat(Integer.signum(order)).isEqualTo(Integer.compare(i, k));
        assertThat(ascending.get(i).equals(ascending.get(k))).isEqualTo(i == k);
      }
    }
  }

  private static Address believing(PincodeCandidate... candidates) {
    return Address.believing("mg road", List.of(candidates));
  }

  private static PincodeCandidate placed(int pincode, int position) {
    return new PincodeCandidate(pincode, Cue.PLACED, position);
  }
}
