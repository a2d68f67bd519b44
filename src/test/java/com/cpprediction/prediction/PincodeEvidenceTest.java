package com.cpprediction.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.prediction.PincodeCandidate.Cue;
import java.util.Arrays;
import java.util.HashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PincodeEvidenceTest {
  @Test
  void aPincodeOfSixDigitsHas59Slips() {
    var slips = new int[PincodeEvidence.SLIPS];

    int count = PincodeEvidence.slips(123456, slips);

    assertThat(count).isEqualTo(59);
    assertThat(Arrays.stream(slips).distinct().count()).isEqualTo(59);
    assertThat(slips).contains(223456, 123457, 213456, 123465).doesNotContain(123456, 321456);
  }

  @Test
  void whatSlipsTowardsAPincodeIsWhatItSlipsTo() {
    var slips = new int[PincodeEvidence.SLIPS];
    for (int pincode : new int[] {560017, 110011, 999999}) {
      int count = PincodeEvidence.slips(pincode, slips);
      for (int i = 0; i < count; i++) {
        var back = new int[PincodeEvidence.SLIPS];
        int backs = PincodeEvidence.slips(slips[i], back);
        assertThat(Arrays.copyOf(back, backs)).contains(pincode);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "560017, 560, true",
    "560017, 5, true",
    "560017, 560017, true",
    "560017, 561, false",
    "560017, 56001, true"
  })
  void tellsWhetherAPincodeIsOfAPrefix(int pincode, String prefix, boolean is) {
    assertThat(PincodeEvidence.isOf(pincode, prefix)).isEqualTo(is);
  }

  /** Counts the slips of the prefixes against those of the whole pincodes. */
  @ParameterizedTest
  @CsvSource({"560017, 3", "123321, 3", "560017, 2", "560017, 4", "112233, 5"})
  void weighsTheSlipsThatLeadIntoAnotherPrefix(int pincode, int length) {
    var slips = new int[PincodeEvidence.SLIPS];
    int count = PincodeEvidence.slips(pincode, slips);
    var own = new HashMap<String, Integer>(); // slips by prefix
    for (int i = 0; i < count; i++) {
      if (slips[i] < 100_000) continue;
      own.merge(Integer.toString(slips[i]).substring(0, length), 1, Integer::sum);
    }
    own.remove(Integer.toString(pincode).substring(0, length));
    double[] pincodes = {0, 2_200, 240, 50, 8, 2, 1};

    assertThat(own).isNotEmpty();
    own.forEach(
        (prefix, slipped) ->
            assertThat(PincodeEvidence.slipIn(prefix, pincode))
                .as(prefix)
                .isCloseTo(slipped / 59.0 / pincodes[length], within(1e-15)));
    assertThat(PincodeEvidence.slipIn("9".repeat(length), pincode)).isZero();
  }

  @ParameterizedTest
  @CsvSource({"560, 29, 1000", "56, 39, 10000", "56001, 9, 10", "560017, 0, 1"})
  void spreadsTheSlipsWithinAPrefixOverAllItsNumbers(String prefix, int slips, int numbers) {
    assertThat(PincodeEvidence.slipIn(prefix, 560017))
        .isCloseTo(slips / 59.0 / numbers, within(1e-15));
  }

  @Test
  void aPincodeIsRightOrANeighbourInItsOwnPrefixOnly() {
    assertThat(PincodeEvidence.rightIn("560", 560017)).isEqualTo(1 / 50.0);
    assertThat(PincodeEvidence.nearIn("560", 560017)).isEqualTo(1 / 50.0);
    assertThat(PincodeEvidence.rightIn("56", 560017)).isEqualTo(1 / 240.0);
    assertThat(PincodeEvidence.rightIn("561", 560017)).isZero();
    assertThat(PincodeEvidence.nearIn("561", 560017)).isZero();
  }

  @Test
  void aNumberThatIsNoPincodeOfThePrefixIsNoNeighbour() {
    assertThat(PincodeEvidence.near(0)).isZero();
    assertThat(PincodeEvidence.near(40)).isEqualTo(1 / 40.0);
  }

  @Test
  void eachKindOfErrorWeighsByItsShare() {
    var errors = new PincodeErrors(0.05, 0.03, 0.02);

    double weight = PincodeEvidence.weight(Cue.FIELD, 0.5, 0.01, 0.04, errors);

    assertThat(weight)
        .isCloseTo(0.9 * 0.5 + 0.05 * 0.01 + 0.03 * 0.04 + 0.02 / 19_800, within(1e-15));
    assertThat(PincodeEvidence.rightWeight(Cue.FIELD, 0.5, errors))
        .isCloseTo(0.9 * 0.5, within(1e-15));
  }

  @Test
  void aNumberThatMayBeNoPincodeWeighsLess() {
    var errors = PincodeErrors.of(0.01);
    double sent = PincodeEvidence.weight(Cue.FIELD, 0.5, 1e-4, 0.02, errors);
    double bare = PincodeEvidence.weight(Cue.BARE, 0.5, 1e-4, 0.02, errors);

    assertThat(PincodeEvidence.weight(Cue.LABELLED, 0.5, 1e-4, 0.02, errors)).isEqualTo(sent);
    assertThat(PincodeEvidence.weight(Cue.PLACED, 0.5, 1e-4, 0.02, errors)).isBetween(bare, sent);
    assertThat(bare).isCloseTo(0.7 * sent + 0.3 / 900_000, within(1e-15));
  }

  @Test
  void aConfiguredShareIsSplitIntoTheUsualKinds() {
    var errors = PincodeErrors.of(0.2);

    assertThat(errors.share()).isCloseTo(0.2, within(1e-15));
    assertThat(errors.slips()).isGreaterThan(errors.near());
    assertThat(errors.near()).isGreaterThan(errors.far());
    assertThat(PincodeErrors.of(0).far()).isPositive();
    assertThat(PincodeErrors.of(1).share()).isCloseTo(PincodeErrors.MOST, within(1e-15));
  }

  @ParameterizedTest
  @CsvSource({"-0.1, 0, 0.1", "0, -0.1, 0.1", "0, 0, 0", "0.4, 0.4, 0.2", "NaN, 0, 0.1"})
  void refusesSharesThatAreNone(double slips, double near, double far) {
    assertThatThrownBy(() -> new PincodeErrors(slips, near, far))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
