package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.csv.InputException;
import com.cpprediction.prediction.Address;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class QueryVariantTest {
  private static final int[] POOL = {411001, 411007, 411033, 411038};

  @Test
  void hasALabel() {
    assertThat(QueryVariant.FULL.label()).isEqualTo("full");
    assertThat(QueryVariant.PREFIX_ONLY.label()).isEqualTo("prefix_only");
    assertThat(QueryVariant.wrongPincode(0.25).label()).isEqualTo("wrong_pincode_0.25");
  }

  @Test
  void theFullQueryIsTheRowAsWritten() {
    var row = row("12, M.G. Road, Pune - 411 033", "411001");

    assertThat(QueryVariant.FULL.query(row, POOL))
        .isEqualTo(new Address("12 m g road pune 411033", "411001"));
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "Thergaon Pune 411033 | thergaon pune",
        "Thergaon Pune 411 033 | thergaon pune",
        "Thergaon Pune-411-033. | thergaon pune",
        "Thergaon Pune 411.033 India | thergaon pune india",
        "Thergaon Pune 411 - 033 | thergaon pune 411 033", // three separators: no pincode
        "Tel 020 27271234 | tel 020",
        "Plot 12345, Pune | plot pune",
        "Plot 1234, Pune | plot 1234 pune",
        "A411033B | a b",
        "Shop 4 11 033 | shop 4 11 033",
        "Pune 011 033 | pune 011 033", // no pincode starts with 0
        "411033 Pune 411 001 | pune",
      })
  void maskingRemovesPincodesAndLongNumbers(String typed, String text) {
    assertThat(QueryVariant.PREFIX_ONLY.query(row(typed, "411033"), POOL))
        .isEqualTo(new Address(text, null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"411033", "- 411 033 -", "9876543210"})
  void anAddressOfNumbersOnlyHasNoMaskedQuery(String typed) {
    assertThat(QueryVariant.PREFIX_ONLY.query(row(typed, "411033"), POOL)).isNull();
  }

  static List<String> addresses() {
    return SmallRelease.rows("180").stream().map(SmallRelease.Row::typed).toList();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("addresses")
  void theHashOfTheAddressDecidesWhetherAndWhichPincodeIsWrong(String typed) throws Exception {
    var truth = "411033";
    var hash =
        MessageDigest.getInstance("SHA-256")
            .digest(("wrong|" + typed).getBytes(StandardCharsets.UTF_8));
    int pick =
        new BigInteger(1, Arrays.copyOfRange(hash, 1, 5)).mod(BigInteger.valueOf(4)).intValue();
    var other = pick == 2 ? "411038" : Integer.toString(POOL[pick]);
    boolean wrong = (hash[0] & 0xff) < 64;

    var asked = QueryVariant.wrongPincode(0.25).query(row(typed, truth), POOL);

    assertThat(asked).isEqualTo(Address.of(typed, wrong ? other : truth));
  }

  @Test
  void replacesThePincodeOfTheGivenShare() {
    long wrong =
        SmallRelease.rows().stream()
            .map(row -> QueryVariant.wrongPincode(0.25).query(row(row.typed(), "411033"), POOL))
            .filter(address -> !address.pincode().equals("411033"))
            .count();

    assertThat(wrong / (double) SmallRelease.rows().size()).isBetween(0.2, 0.3);
  }

  @Test
  void sharesOfZeroAndOneReplaceNoneAndAll() {
    for (var typed : addresses()) {
      var row = row(typed, "411033");
      assertThat(QueryVariant.wrongPincode(0).query(row, POOL))
          .isEqualTo(QueryVariant.FULL.query(row, POOL));
      assertThat(QueryVariant.wrongPincode(1).query(row, POOL).pincode()).isNotEqualTo("411033");
    }
  }

  @Test
  void thePincodeAfterTheLastIsTheFirst() {
    for (var typed : addresses()) {
      var row = row(typed, "411002");

      var asked = QueryVariant.wrongPincode(1).query(row, new int[] {411001, 411002});

      assertThat(asked.pincode()).isEqualTo("411001");
    }
  }

  @Test
  void withoutAnotherPincodeTheRowStaysUnchanged() {
    var row = row("Thergaon Pune 411033", "411033");

    for (var pool : new int[][] {{}, {411001}, {411033}}) {
      assertThat(QueryVariant.wrongPincode(1).query(row, pool))
          .isEqualTo(QueryVariant.FULL.query(row, pool));
    }
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "Thergaon 411033 | thergaon 411001",
        "Thergaon 411 033 | thergaon 411001",
        "Thergaon 411-033, Pune 411.033. | thergaon 411001 pune 411001",
        "Thergaon 411007, 411 033 | thergaon 411007 411001", // another one stays
        "Thergaon 4110331 | thergaon 4110331",
      })
  void replacesThePincodeInTheTextInAnyNotation(String typed, String text) {
    var asked =
        QueryVariant.wrongPincode(1).query(row(typed, "411033"), new int[] {411001, 411033});

    assertThat(asked).isEqualTo(new Address(text, "411001"));
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1.1, Double.NaN})
  void aShareOutsideZeroToOneIsRefused(double share) {
    assertThatThrownBy(() -> QueryVariant.wrongPincode(share))
        .isInstanceOf(InputException.class)
        .hasMessage("the share of wrong pincodes is " + share + ", must be in 0..1");
  }

  private static LabelledRow row(String typed, String pincode) {
    return new LabelledRow(typed, pincode, "CP1");
  }
}
