package com.cpprediction.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.json.Digests;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class PosteriorTest {
  private static final Offset<Double> CLOSE = within(1e-6);
  private static final double FAR = 1 / 19_800.0;
  private static final PincodeErrors ERRORS = PincodeErrors.of(0.01);
  private static final Address WITH = new Address("kadri", "575004");
  private static final Address WITHOUT = new Address("kadri", null);

  @Test
  void weighsRightAndWrongPincodesByHand() {
    var errors = new PincodeErrors(0.06, 0.03, 0.01);
    var scores = scores("f", 0.02, cp("A", 0.2, 575004, 0.5, 0.01), cp("B", 0.8, 575001, 0, 0.001));

    var posterior = Posterior.of(WITH, certain("575", WITH, errors), List.of(scores));

    double a = 0.2 * (0.9 * 0.5 + 0.06 * 0.01 + 0.03 * 0.02 + 0.01 * FAR);
    double b = 0.8 * (0.06 * 0.001 + 0.03 * 0.02 + 0.01 * FAR);
    assertThat(posterior.scored().candidates()).extracting(Candidate::cp).containsExactly("A", "B");
    assertThat(confidence(posterior, 0)).isCloseTo(a / (a + b), CLOSE);
    assertThat(confidence(posterior, 1)).isCloseTo(b / (a + b), CLOSE);
    double doubt = 1 - 0.2 * 0.9 * 0.5 / (a + b);
    assertThat(posterior.belief())
        .isEqualTo(new Belief("575", PrefixSource.PINCODE, "575004", doubt, "575004", errors));
  }

  @Test
  void theLikelihoodsOfThePincodeDoNotDependOnTheSharesThatAreAssumed() {
    var scores = scores("f", 0.02, cp("A", 0.2, 0, 0.5, 0.01), cp("B", 0.8, 0, 0, 0.001));

    for (double share : new double[] {0, 0.002, 0.1, 0.5}) {
      var certain = certain("575", WITH, PincodeErrors.of(share));
      var of = Posterior.of(WITH, certain, List.of(scores)).likelihoods();
      assertThat(of.slip() / of.right()).isCloseTo((0.2 * 0.01 + 0.8 * 0.001) / 0.1, CLOSE);
      assertThat(of.near() / of.right()).isCloseTo(0.02 / 0.1, CLOSE);
      assertThat(of.far() / of.right()).isCloseTo(FAR / 0.1, CLOSE);
    }
  }

  @Test
  void addsPrefixesAndWhatTheOthersWeigh() {
    // 575: 0.6 · 0.5 each; 560: 0.3; others 0.1
    var hypotheses =
        new Hypotheses(
            List.of(new Located("575", 0.6), new Located("560", 0.3)), 0.1, List.of(), ERRORS);
    var first = scores("f", cp("A", 0.5, 575001), cp("B", 0.5, 575002));
    var second = scores("g", cp("C", 0.9, 560001), cp("A", 0.1, 560002));

    var posterior = Posterior.of(WITHOUT, hypotheses, List.of(first, second));

    assertThat(posterior.scored().candidates())
        .containsExactly(
            new Candidate("A", 0.33), new Candidate("B", 0.3), new Candidate("C", 0.27));
    assertThat(posterior.prefixes()).containsExactly("575", "575", "560");
    assertThat(posterior.belief())
        .isEqualTo(new Belief("575", PrefixSource.TEXT, null, null, "575001", ERRORS));
    assertThat(posterior.likelihoods()).isNull();
    assertThat(posterior.scored().fingerprint())
        .isEqualTo(Digests.sha256Hex("f\ng".getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void explainsThePrefixesByWhatAddsUpToTheirLogOdds() {
    var hypotheses =
        new Hypotheses(
            List.of(new Located("575", 0.6), new Located("560", 0.3)), 0.1, List.of(0.0), ERRORS);
    var first = scores("f", 0.02, cp("A", 0.2, 575004, 0.5, 0.01), cp("B", 0.8, 575001, 0, 0.001));
    var second = scores("g", 0, cp("C", 1, 560001, 0, 0));
    var scores = List.of(first, second);

    var prefixes = Posterior.prefixes(WITH, hypotheses, scores);

    assertThat(prefixes).extracting(PrefixShare::prefix).containsExactly("575", "560");
    var sums = prefixes.stream().mapToDouble(p -> p.words() + p.fit() + p.pincodes()).toArray();
    double odds = prefixes.get(0).probability() / prefixes.get(1).probability();
    assertThat(sums[0] - sums[1]).isCloseTo(Math.log(odds), CLOSE);
    assertThat(prefixes.get(1).probability())
        .isCloseTo(Posterior.confidence(WITH, hypotheses, scores, "C"), CLOSE);
    assertThat(prefixes.get(0).words()).isCloseTo(Math.log(0.6), CLOSE);
  }

  @Test
  void aPrefixWithoutPincodesIsExplainedByItsWordsAlone() {
    var hypotheses =
        new Hypotheses(
            List.of(new Located("575", 0.25), new Located("560", 0.65)), 0.1, List.of(), ERRORS);
    var scores = List.of(scores("f", cp("A", 1, 575001)), scores("g", cp("C", 1, 560001)));

    var prefixes = Posterior.prefixes(WITHOUT, hypotheses, scores);

    assertThat(prefixes).extracting(PrefixShare::prefix).containsExactly("560", "575");
    assertThat(prefixes.get(0).probability()).isCloseTo(0.65, CLOSE);
    assertThat(prefixes).allSatisfy(p -> assertThat(p.pincodes()).isCloseTo(0, CLOSE));
  }

  @Test
  void aPrefixWhoseModelIsNotServedKeepsItsWeight() {
    var hypotheses =
        new Hypotheses(
            List.of(new Located("575", 0.75), new Located("560", 0.25)), 0, List.of(), ERRORS);
    var scores = new ArrayList<PrefixScores>();
    scores.add(scores("f", cp("A", 1, 575001)));
    scores.add(null);

    var posterior = Posterior.of(WITHOUT, hypotheses, scores);

    assertThat(posterior.scored()).isEqualTo(new Scored("f", List.of(new Candidate("A", 0.75))));
  }

  @Test
  void correctsThePincodeThatNoCpOfTheWordsBears() {
    // 560: 0.99 · 0.01 · 1e-5 = 9.9e-8; others (that of the pincode): 1e-9, right in them: 9e-10
    var errors = new PincodeErrors(0.01, 0, 1e-9);
    var hypotheses =
        new Hypotheses(List.of(new Located("560", 0.99)), 1e-9, List.of(9e-10), errors);
    var scores = scores("f", cp("C", 1, 560017, 0, 1e-5));

    var posterior = Posterior.of(WITH, hypotheses, List.of(scores));

    var belief = posterior.belief();
    assertThat(belief.source()).isSameAs(PrefixSource.CORRECTED);
    assertThat(belief.prefix()).isEqualTo("560");
    assertThat(belief.pincode()).isEqualTo("575004");
    assertThat(belief.doubt()).isCloseTo(1 - 9e-10 / (9.9e-8 + 1e-9), CLOSE);
    assertThat(belief.believed()).isEqualTo("560017");
    assertThat(confidence(posterior, 0)).isCloseTo(0.99, CLOSE);
    assertThat(posterior.sure(0.9)).isSameAs(posterior);
    assertThatThrownBy(() -> posterior.sure(0.995))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> {
              assertThat(e.failure()).isSameAs(Failure.PINCODE_REQUIRED);
              assertThat(e.members().getString("pincode")).isEqualTo("575004");
              assertThat(e.members().getDouble("pincode_doubt")).isEqualTo(belief.doubt());
              assertThat(e.members().getJsonArray("guesses").getJsonObject(0))
                  .isEqualTo(
                      new JsonObject().put("cp", "C").put("confidence", 0.99).put("prefix", "560"));
            });
  }

  @Test
  void believesAPincodeThatItDoubtsWhereTheCpHasNone() {
    var scores = scores("f", cp("A", 1, 0, 0, 1e-5));

    var belief = Posterior.of(WITH, certain("575", WITH, ERRORS), List.of(scores)).belief();

    assertThat(belief.doubt()).isEqualTo(1);
    assertThat(belief.believed()).isEqualTo("575004");
    assertThat(belief.source()).isSameAs(PrefixSource.PINCODE);
  }

  @Test
  void aPincodeThatNothingExplainsChangesNothing() {
    var scores = scores("f", cp("A", 0.25, 0, 0, 0), cp("B", 0.75, 0, 0, 0));

    var posterior = Posterior.of(WITH, certain("575", WITH, PincodeErrors.of(0)), List.of(scores));

    assertThat(posterior.scored().candidates())
        .containsExactly(new Candidate("B", 0.75), new Candidate("A", 0.25));
    assertThat(posterior.belief().doubt()).isEqualTo(1);
  }

  @Test
  void ofEqualCpsTheEarlierComesFirstAndThreeAreNamed() {
    var scores =
        scores(
            "f",
            cp("D", 0.2, 0),
            cp("C", 0.2, 0),
            cp("B", 0.3, 0),
            cp("A", 0.2, 0),
            cp("E", 0.1, 0));

    var posterior = Posterior.of(WITHOUT, certain("575", WITHOUT, ERRORS), List.of(scores));

    assertThat(posterior.scored().candidates())
        .extracting(Candidate::cp)
        .containsExactly("B", "D", "C");
  }

  private record Cp(String code, double text, int usual, double right, double slip) {}

  private static Cp cp(String code, double text, int usual, double right, double slip) {
    return new Cp(code, text, usual, right, slip);
  }

  /** One of an address without a pincode. */
  private static Cp cp(String code, double text, int usual) {
    return new Cp(code, text, usual, Double.NaN, Double.NaN);
  }

  private static PrefixScores scores(String fingerprint, Cp... cps) {
    return scores(fingerprint, 0, cps);
  }

  private static PrefixScores scores(String fingerprint, double near, Cp... cps) {
    boolean without = Double.isNaN(cps[0].right());
    return new PrefixScores(
        fingerprint,
        0,
        without ? 0 : 1,
        Arrays.stream(cps).map(Cp::code).toArray(String[]::new),
        Arrays.stream(cps).mapToDouble(Cp::text).toArray(),
        without ? new double[0] : Arrays.stream(cps).mapToDouble(Cp::right).toArray(),
        without ? new double[0] : Arrays.stream(cps).mapToDouble(Cp::slip).toArray(),
        without ? new double[0] : new double[] {near},
        Arrays.stream(cps).mapToInt(Cp::usual).toArray());
  }

  private static Hypotheses certain(String prefix, Address address, PincodeErrors errors) {
    return Hypotheses.certain(prefix, address, errors);
  }

  private static double confidence(Posterior posterior, int candidate) {
    return posterior.scored().candidates().get(candidate).confidence();
  }
}
