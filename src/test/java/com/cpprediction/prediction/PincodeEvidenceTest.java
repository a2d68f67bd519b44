package com.cpprediction.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
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
    var prefixes = new HashSet<String>();
    for (int i = 0; i < count; i++) {
      if (slips[i] >= 100_000) prefixes.add(Integer.toString(slips[i]).substring(0, length));
    }
    prefixes.remove(Integer.toString(pincode).substring(0, length));
    var far = new HashSet<String>(prefixes);
    far.remove("none");
    double none = PincodeEvidence.wrongIn("9".repeat(length), 100_000); // no slip apart

    for (var prefix : far) {
      int own = 0;
      for (int i = 0; i < count; i++) {
        if (slips[i] >= 100_000 && Integer.toString(slips[i]).startsWith(prefix)) own++;
      }
      double one = (PincodeEvidence.wrongIn(prefix, pincode) - none) / own;
      assertThat(one).as(prefix).isPositive();
      double[] pincodes = {0, 2_200, 240, 50, 8, 2, 1};
      assertThat(one).isCloseTo(0.45 / 59 / pincodes[length], within(1e-12));
    }
  }

  @Test
  void aNumberThatMayBeNoPincodeWeighsLess() {
    double sent = PincodeEvidence.weight(PincodeCandidate.Cue.FIELD, 0.5, 1e-4, 0.01);
    double bare = PincodeEvidence.weight(PincodeCandidate.Cue.BARE, 0.5, 1e-4, 0.01);

    assertThat(sent).isCloseTo(0.99 * 0.5 + 0.01 * 1e-4, within(1e-15));
    assertThat(bare).isCloseTo(0.7 * sent + 0.3 / 900_000, within(1e-15));
  }
}
