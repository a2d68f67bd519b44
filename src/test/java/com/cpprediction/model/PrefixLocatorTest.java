package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.Located;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PrefixChances;
import com.cpprediction.prediction.PrefixFit;
import com.cpprediction.prediction.ServiceException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrefixLocatorTest {
  private static final PincodeErrors FEW = PincodeErrors.of(0.01);
  private static final Set<String> SERVED = Set.of("110", "400", "560", "575");

  @Test
  void aPincodeThatTheWordsSupportIsTheOnlyHypothesis() {
    var hypotheses = locate(chances(0.001, 0.001, 0.9, 0.098), "560017", FEW);

    assertThat(hypotheses.likely()).containsExactly(new Located("560", PrefixFit.weight(0.9)));
    assertThat(hypotheses.others()).isPositive();
    assertThat(hypotheses.othersRight()).containsExactly(0.0);
    assertThat(hypotheses.wrongPincodes()).isEqualTo(FEW);
  }

  @Test
  void wordsThatAreSureEnoughOutweighAPincode() {
    var hypotheses = locate(chances(1e-10, 1e-10, 1e-9, 1), "560017", FEW);

    assertThat(hypotheses.prefixes()).containsExactly("575");
    assertThat(hypotheses.othersRight().get(0))
        .isCloseTo(PrefixFit.weight(1e-9) * 0.99 / 50, within(1e-20));
  }

  @Test
  void wherePincodeAndWordsAreAsStrongBothAreHypotheses() {
    // 560: 0.99 / 50 = 0.02 times its chance; 575: 0.01 · 0.25 / 19800 = 1.3e-7
    var hypotheses = locate(chances(1e-12, 1e-12, 6e-6, 0.999), "560017", FEW);

    assertThat(hypotheses.prefixes()).containsExactlyInAnyOrder("560", "575");
  }

  @Test
  void aLargerShareOfWrongPincodesTrustsTheWordsMore() {
    var chances = chances(1e-12, 1e-12, 1e-5, 0.999);

    assertThat(locate(chances, "560017", PincodeErrors.of(0.002)).prefixes())
        .containsExactly("560", "575");
    assertThat(locate(chances, "560017", PincodeErrors.of(0.4)).prefixes()).startsWith("575");
  }

  @Test
  void withoutAPincodeTheWordsDecideAndFourPrefixesAtMostAreScored() {
    var all = List.of("110", "400", "560", "575", "600");
    var chances = new PrefixChances(all, new double[] {0.25, 0.15, 0.2, 0.2, 0.2});

    var hypotheses =
        new PrefixLocator(Set.copyOf(all), text -> chances).locate(new Address("x", null), FEW);

    assertThat(hypotheses.prefixes()).containsExactly("110", "560", "575", "600");
    assertThat(hypotheses.others()).isCloseTo(PrefixFit.weight(0.15), within(1e-12));
  }

  @Test
  void aPrefixWithLessThanAHundredthOfTheWeightIsNotScored() {
    assertThat(locate(chances(0.9, 0.002, 0.03, 0.068), null, FEW).prefixes())
        .containsExactly("110", "575", "560");
  }

  @Test
  void aPrefixWithoutAModelIsLeftToTheOthers() {
    var locator = new PrefixLocator(Set.of("110"), text -> chances(0.6, 0.4, 0, 0));

    var hypotheses = locator.locate(new Address("x", null), FEW);

    assertThat(hypotheses.prefixes()).containsExactly("110");
    assertThat(hypotheses.others()).isCloseTo(PrefixFit.weight(0.4), within(1e-12));
  }

  @Test
  void theLikeliestPrefixWithoutAModelIsRefused() {
    var locator = new PrefixLocator(Set.of("110"), text -> chances(0.3, 0.7, 0, 0));

    assertFails(Failure.PINCODE_REQUIRED, locator, null);
    assertFails(Failure.UNKNOWN_PREFIX, locator, "400001");
  }

  @Test
  void aPrefixThatTheWordsDoNotKnowIsNotCorrected() {
    var locator = new PrefixLocator(Set.of("110", "831"), text -> chances(1, 0, 0, 0));

    assertThat(locator.locate(new Address("x", "831001"), PincodeErrors.of(0.4)))
        .isEqualTo(Hypotheses.certain("831", new Address("x", "831001"), PincodeErrors.of(0.4)));
    assertFails(Failure.UNKNOWN_PREFIX, locator, "999999");
  }

  @ParameterizedTest(name = "\"{0}\"")
  @ValueSource(
      strings = {
        "galle road colombo",
        "district 1 ho chi minh city",
        "mexico city",
        "14 deansgate manchester uk",
        "12 rue de rivoli paris france",
        "paris",
        "350 fifth avenue new york",
        "times square new york ny 10036",
        "12 baker street london nw1 6xe",
        "london sw1a 2aa uk",
        "piccadilly manchester m1 1rg",
        "queen street west toronto on m5v 2t6",
      })
  void anAddressThatEndsAbroadIsNotLocatedByItsWords(String text) {
    var locator = new PrefixLocator(SERVED, words -> chances(0, 0, 0, 1));

    assertThatThrownBy(() -> locator.locate(new Address(text, null), FEW))
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.failure()).isSameAs(Failure.PINCODE_REQUIRED))
        .hasMessageContaining("abroad");
    assertThat(locator.locate(new Address(text, "575004"), FEW).prefixes()).containsExactly("575");
  }

  @ParameterizedTest(name = "\"{0}\"")
  @ValueSource(
      strings = {
        "dubai market mangalore",
        "paris salon mangalore",
        "rajpur road dehradun uk",
        "uk",
        "city",
        "salt lake city",
        "penha de france",
        "new york tailors mangalore b12 4cd",
        "new york tailors mlr 10036",
        "shop 5, dubai mkt 1234",
        "shop 5, london apt 12045",
        "new york br-10036",
        "m5v 2t6",
      })
  void anAddressThatEndsInIndiaIsLocatedByItsWords(String text) {
    var locator = new PrefixLocator(SERVED, words -> chances(0, 0, 0, 1));

    assertThat(locator.locate(new Address(text, null), FEW).prefixes()).containsExactly("575");
  }

  @Test
  void aNumberThatDoesNotExistLetsTheWordsDecide() {
    var chances = chances(0, 0, 0.01, 0.99);

    assertThat(locator(chances, true).locate(new Address("x", "560999"), FEW).prefixes())
        .containsExactly("560");
    var hypotheses = locator(chances, false).locate(new Address("x", "560999"), FEW);
    assertThat(hypotheses.prefixes()).containsExactly("575", "560");
    assertThat(hypotheses.othersRight()).containsExactly(0.0);
  }

  @Test
  void aNumberThatDoesNotExistOfAPrefixWithoutAModelIsATypingErrorOrTellsNothing() {
    var chances = chances(0, 0.6, 0, 0.4);

    assertThat(locator(chances, false).locate(new Address("x", "990001"), FEW).prefixes())
        .containsExactly("400", "575");
    assertThat(locator(chances, false).locate(new Address("x", "775004"), FEW).prefixes())
        .containsExactly("575", "400");
  }

  @Test
  void aPincodeOfTheArmyIsNoTypingError() {
    var locator = locator(chances(0, 0, 0, 1), false);
    var army = new Address("12 rajput regiment c/o 56 apo 937056", "937056");

    assertThatThrownBy(() -> locator.locate(army, FEW))
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.failure()).isSameAs(Failure.UNKNOWN_PREFIX));
    assertFails(Failure.PINCODE_REQUIRED, locator, "c/o 56 apo 937056", null);
    assertThat(locator.locate(new Address("kadri 937056", "937056"), FEW).prefixes())
        .containsExactly("575");
    assertThat(locator.locate(new Address("c/o 56 apo kadri", null), FEW).prefixes())
        .containsExactly("575");
  }

  @Test
  void aPincodeOfAPrefixWithoutAModelIsRefusedWhateverTheWords() {
    assertFails(Failure.UNKNOWN_PREFIX, locator(chances(0, 0, 0, 1), true), "775004");
  }

  @Test
  void theLongestPrefixOfThePincodeDecidesWhereTheWordsKnowAShorterOnly() {
    var locator = new PrefixLocator(Set.of("560", "5600"), text -> chances(0, 0, 1, 0));

    assertThat(locator.locate(new Address("x", "560017"), FEW).prefixes()).containsExactly("5600");
    assertThat(locator.locate(new Address("x", "560117"), FEW).prefixes()).containsExactly("560");
  }

  @Test
  void thePincodeDecidesWhileTheWordsCannotBeAsked() {
    Locator unusable =
        text -> {
          throw Failure.NOT_READY.because("not now");
        };
    var locator = new PrefixLocator(SERVED, unusable);

    assertThat(locator.locate(new Address("x", "560017"), FEW).prefixes()).containsExactly("560");
    assertFails(Failure.NOT_READY, locator, null);
    assertFails(Failure.PINCODE_REQUIRED, new PrefixLocator(SERVED, Locator.NONE), null);
  }

  /** One to which all pincodes exist, or none. */
  private static PrefixLocator locator(PrefixChances chances, boolean exist) {
    var locator =
        new Locator() {
          @Override
          public PrefixChances locate(String text) {
            return chances;
          }

          @Override
          public boolean isPincode(int pincode) {
            return exist;
          }
        };
    return new PrefixLocator(SERVED, locator);
  }

  private static Hypotheses locate(PrefixChances chances, String pincode, PincodeErrors errors) {
    return new PrefixLocator(SERVED, text -> chances).locate(new Address("x", pincode), errors);
  }

  private static void assertFails(Failure failure, PrefixLocator locator, String pincode) {
    assertFails(failure, locator, "x", pincode);
  }

  private static void assertFails(
      Failure failure, PrefixLocator locator, String text, String pincode) {
    assertThatThrownBy(() -> locator.locate(new Address(text, pincode), FEW))
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.failure()).isSameAs(failure));
  }

  /** Chances of 110, 400, 560 and 575. */
  private static PrefixChances chances(double... probabilities) {
    return new PrefixChances(List.of("110", "400", "560", "575"), probabilities);
  }
}
