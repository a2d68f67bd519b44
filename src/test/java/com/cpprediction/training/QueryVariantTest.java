package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.csv.InputException;
import java.util.List;
import java.util.function.DoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class QueryVariantTest {
  /** Four pincodes of prefix 411, two before and one after them. */
  private static final PincodePool POOL =
      PincodePool.of(110001, 110002, 411001, 411007, 411033, 411038, 560001);

  @Test
  void allSevenQuestionsHaveTheirLabels() {
    assertThat(QueryVariant.all(0.25).stream().map(QueryVariant::label))
        .containsExactly(
            "full",
            "text_only",
            "prefix_only",
            "wrong_pincode_0.25",
            "wrong_anywhere_0.25",
            "wrong_slip_0.25",
            "no_prefix");
  }

  @Test
  void theFullQueryIsTheRowAsWritten() {
    var row = row(" 12, M.G. Road, Pune - 411 033", "411001");

    assertThat(QueryVariant.FULL.query(row, POOL))
        .isEqualTo(new Query(" 12, M.G. Road, Pune - 411 033", "411001", null, false));
  }

  @Test
  void textOnlyLeavesThePincodeFieldOut() {
    var row = row("12, M.G. Road, Pune - 411 033", "411001");

    assertThat(QueryVariant.TEXT_ONLY.query(row, POOL))
        .isEqualTo(new Query("12, M.G. Road, Pune - 411 033", null, null, false));
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "Thergaon Pune 411033|Thergaon Pune  ",
        "Thergaon Pune 411 033|Thergaon Pune  ",
        "Thergaon Pune-411-033.|Thergaon Pune- .",
        "Thergaon Pune 411.033 India|Thergaon Pune   India",
        "Thergaon Pune 411 - 033|Thergaon Pune 411 - 033", // three separators
        "Thergaon Pune 411\u2011033|Thergaon Pune 411\u2011033",
        "Thergaon Pune 411\t033|Thergaon Pune 411\t033",
        "Thergaon ४११०३३|Thergaon ४११०३३", // ASCII digits only
        "Tel 020 27271234|Tel 020  ",
        "Plot 12345, Pune|Plot  , Pune",
        "Plot 1234, Pune|Plot 1234, Pune",
        "A411033B|A B",
        "Shop 4 11 033|Shop 4 11 033",
        "Pune 011 033|Pune 011 033", // no pincode starts with 0
        "411033 Pune 411 001|  Pune  ",
      })
  void maskingReplacesPincodesAndLongNumbersByBlanks(String typed, String text) {
    var row = row(typed, "411033");

    assertThat(QueryVariant.PREFIX_ONLY.query(row, POOL))
        .isEqualTo(new Query(text, null, "411", true));
    assertThat(QueryVariant.NO_PREFIX.query(row, POOL))
        .isEqualTo(new Query(text, null, null, true));
  }

  /**
   * Expected pincodes by hand from SHA-256 of {@code wrong|} and the address. The comment has its
   * first five bytes; the number of bytes 1 to 4, modulo 4, is the place in the prefix's pool and,
   * modulo 7, in all of the pool.
   */
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        // eb 68 57 57 cf: 1750554575, place 3 and place 0; digits 2 and 3 change places
        "12, M.G. Road, Pune - 411 033 | 411038 | 110001 | 410133",
        // 77 bb 81 9b 10: 3145833232, place 0 and place 3, of 411, so 6; equal digits 1 and 2, and
        // 1 + 129 mod 9 = 4 is added to digit 1
        "Shop 4, Thergaon, Pune 411033 | 411001 | 560001 | 451033",
        // 88 5a 96 3e after 90: 2287638078, place 2, the true one, so 3; place 5, of 411, so 6;
        // even, and 1 + 90 mod 9 = 1 is added to digit 4
        "Baner Road, Pune-411033. | 411038 | 560001 | 411043",
        // 1c 56 56 01 after 95: 475420161, place 1 and place 6; 1 + 86 mod 9 = 6 added to digit 4
        "Flat 7, Kothrud Pune | 411007 | 560001 | 411093",
        // 24 74 7f 04 after ad: 611614468, place 0 and place 3, so 6; digits 0 and 1 change places
        "नई सड़क, Pune 411033 | 411001 | 560001 | 141033",
      })
  void theHashOfTheAddressPicksTheWrongPincode(
      String typed, String inside, String anywhere, String slip) {
    var row = row(typed, "411033");

    assertThat(QueryVariant.wrongPincode(1).query(row, POOL)).isEqualTo(wrong(typed, inside));
    assertThat(QueryVariant.wrongAnywhere(1).query(row, POOL)).isEqualTo(wrong(typed, anywhere));
    assertThat(QueryVariant.wrongSlip(1).query(row, POOL)).isEqualTo(wrong(typed, slip));
  }

  private static Query wrong(String typed, String pincode) {
    return Query.unmasked(typed.replace("411 033", pincode).replace("411033", pincode), pincode);
  }

  static List<DoubleFunction<QueryVariant>> wrongPincodes() {
    return List.of(
        QueryVariant::wrongPincode, QueryVariant::wrongAnywhere, QueryVariant::wrongSlip);
  }

  @ParameterizedTest
  @MethodSource("wrongPincodes")
  void theFirstByteOfTheHashSelectsTheAddresses(DoubleFunction<QueryVariant> wrong) {
    var row = row("Hadapsar, Pune 411033", "411033"); // first byte 57

    assertThat(wrong.apply(57 / 256.0).query(row, POOL)).isEqualTo(as(row));
    assertThat(wrong.apply(58 / 256.0).query(row, POOL).pincode()).isNotEqualTo("411033");
    assertThat(wrong.apply(0.25).query(row, POOL).pincode()).isNotEqualTo("411033");
    var another = row("Near Temple, Wakad, Pune", "411033"); // first byte 70
    assertThat(wrong.apply(0.25).query(another, POOL)).isEqualTo(as(another));
  }

  @ParameterizedTest
  @MethodSource("wrongPincodes")
  void sharesOfZeroAndOneReplaceNoneAndAll(DoubleFunction<QueryVariant> wrong) {
    for (var labelled : SmallRelease.rows("180")) {
      var row = row(labelled.typed(), "411033");

      assertThat(wrong.apply(0).query(row, POOL)).isEqualTo(as(row));
      assertThat(wrong.apply(1).query(row, POOL).pincode())
          .isNotEqualTo("411033")
          .matches("[1-9][0-9]{5}");
    }
  }

  @Test
  void aPincodeFromInsideHasThePrefixAndOneFromAnywhereAnother() {
    for (var labelled : SmallRelease.rows()) {
      var row = row(labelled.typed(), "411033");

      assertThat(QueryVariant.wrongPincode(1).query(row, POOL).pincode()).startsWith("411");
      assertThat(QueryVariant.wrongAnywhere(1).query(row, POOL).pincode())
          .isIn("110001", "110002", "560001");
    }
  }

  @Test
  void withoutAnotherPincodeTheRowStaysUnchanged() {
    var row = row("Thergaon Pune 411033", "411033");

    for (var pool : List.of(PincodePool.of(), PincodePool.of(411001, 560001, 560002))) {
      assertThat(QueryVariant.wrongPincode(1).query(row, pool)).isEqualTo(as(row));
    }
    for (var pool : List.of(PincodePool.of(), PincodePool.of(411001, 411002))) {
      assertThat(QueryVariant.wrongAnywhere(1).query(row, pool)).isEqualTo(as(row));
    }
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "Thergaon 411033 | Thergaon 411001",
        "Thergaon 411 033 | Thergaon 411001",
        "Thergaon 411-033, Pune 411.033. | Thergaon 411001, Pune 411001.",
        "Thergaon 411007, 411 033 | Thergaon 411007, 411001", // another one stays
        "Thergaon $1 411 007 | Thergaon $1 411 007",
        "Thergaon 4110331 | Thergaon 4110331",
        "Thergaon 411 - 033 | Thergaon 411 - 033",
      })
  void replacesThePincodeInTheTextInAnyNotation(String typed, String text) {
    var asked =
        QueryVariant.wrongPincode(1).query(row(typed, "411033"), PincodePool.of(411001, 411033));

    assertThat(asked).isEqualTo(new Query(text, "411001", null, false));
  }

  @ParameterizedTest(name = "{0}, bytes {1} {2} {3} -> {4}")
  @CsvSource({
    "411033, 6, 0, 0, 511033", // 6 mod 6 = 0: 4 + 1
    "411033, 12, 8, 2, 311033", // 4 + 9 = 13
    "411033, 11, 9, 4, 411034", // 11 mod 6 = 5: 3 + 1 + 9 mod 9
    "411033, 255, 255, 0, 411433", // 255 mod 6 = 3: 0 + 1 + 255 mod 9
    "411033, 2, 17, 0, 410033", // 1 + 9 = 10
    "911033, 0, 0, 0, 111033", // 9 + 1 would be 0
    "411033, 0, 5, 0, 111033", // 4 + 6 would be 0
    "110001, 0, 8, 0, 210001", // 1 + 9 would be 0, and 1 is the true one
    "411033, 0, 7, 1, 141033",
    "411033, 1, 2, 1, 441033", // equal neighbours: 1 + 3
    "411033, 3, 7, 255, 411303",
    "411034, 4, 7, 1, 411043",
    "411034, 5, 7, 1, 411043", // the last one changes places with the one before
    "411033, 5, 2, 1, 411036", // equal: 3 + 3
    "401033, 0, 1, 1, 601033", // a 0 would come first: 4 + 2
    "110001, 4, 7, 1, 110010",
  })
  void aSlipReplacesADigitOrSwapsTwo(
      String truth, int first, int second, int third, String slipped) {
    byte[] hash = {0, (byte) first, (byte) second, (byte) third};

    assertThat(QueryVariant.slip(truth, hash)).isEqualTo(slipped);
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1.1, Double.NaN})
  void aShareOutsideZeroToOneIsRefused(double share) {
    for (var wrong : wrongPincodes()) {
      assertThatThrownBy(() -> wrong.apply(share))
          .isInstanceOf(InputException.class)
          .hasMessage("the share of wrong pincodes is " + share + ", must be in 0..1");
    }
  }

  private static LabelledRow row(String typed, String pincode) {
    return new LabelledRow(typed, pincode, "CP1");
  }

  private static Query as(LabelledRow row) {
    return Query.unmasked(row.address(), row.pincode());
  }
}
