package com.cpprediction.model;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.model.Explanation.Feature;
import com.cpprediction.model.format.Features;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Scored;
import com.cpprediction.training.SmallRelease;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ScorerTest {
  private static final double WRONG_WORDS = 0.01;

  private static ModelStore models;
  private static ScoringModel scoring;
  private static List<Address> addresses;

  private final Scorer scorer = new Scorer();

  @BeforeAll
  static void load() {
    models = Models.small();
    scoring = models.scoring("180");
    addresses = Models.addresses("180");
  }

  @AfterAll
  static void close() {
    models.close();
  }

  @Test
  void aBatchIsAnsweredAsItsAddressesAre() {
    var batch = scorer.score(scoring, addresses);

    assertThat(batch)
        .isEqualTo(addresses.stream().map(a -> scorer.score(scoring, List.of(a)).get(0)).toList());
  }

  @Test
  void confidencesAreProbabilitiesMostLikelyFirst() {
    assertThat(addresses)
        .allSatisfy(
            address -> {
              var scored = Models.posterior(scoring, address, PincodeErrors.of(0.01)).scored();
              var candidates = scored.candidates();
              assertThat(scored.fingerprint()).isEqualTo(scoring.fingerprint());
              assertThat(candidates)
                  .hasSize(3)
                  .isSortedAccordingTo(Comparator.comparingDouble(c -> -c.confidence()))
                  .allMatch(c -> c.confidence() >= 0 && c.confidence() <= 1);
              assertThat(candidates.stream().map(Candidate::cp)).doesNotHaveDuplicates();
              assertThat(candidates.stream().mapToDouble(Candidate::confidence).sum())
                  .isLessThanOrEqualTo(1 + 3e-6);
            });
  }

  @Test
  void answersItsOwnTrainingAddresses() {
    var rows = SmallRelease.rows("180");
    var asked = rows.stream().map(row -> new Address(row.text(), row.pincode())).toList();

    long right = 0;
    for (int i = 0; i < rows.size(); i++) {
      var best =
          Models.posterior(scoring, asked.get(i), PincodeErrors.of(0.01))
              .scored()
              .candidates()
              .get(0);
      if (best.cp().equals(rows.get(i).cp())) right++;
    }

    assertThat(right).isGreaterThan(rows.size() * 95 / 100);
  }

  @Test
  void anAddressOfUnknownWordsIsAnsweredToo() {
    for (var text : List.of("zzyzx", "12345", "x ".repeat(9000).strip(), "जम्मू")) {
      var scored =
          Models.posterior(scoring, new Address(text, null), PincodeErrors.of(0.01)).scored();

      assertThat(scored.candidates()).hasSize(3);
    }
  }

  @Test
  void keepsTheCpsThatMatterAndTheirProbabilitiesSumUpToOne() {
    for (var address : addresses) {
      var scores = scorer.score(scoring, address);
      double sum = 0;
      for (int i = 0; i < scores.size(); i++) {
        sum += scores.text(i);
        boolean owns = scores.pincodes() > 0 && scores.right(i, 0) > 0;
        assertThat(scores.text(i) >= 1e-4 || owns).isTrue();
      }
      assertThat(sum).isCloseTo(1, within(1e-12));
    }
  }

  @Test
  void aCandidateThatIsNoContenderIsAsLikelyAsItsVotesSay() {
    var model = scoring.model();
    var features = new Features();
    int outvoted = 0;
    for (var asked : addresses) {
      var address = new Address(asked.text(), null);
      features.read(model.index(), model.forest().votes(), null, address.text());
      var rest = new HashMap<String, Double>();
      for (int i = 0; i < features.candidates(); i++) {
        rest.put(model.index().cpCode(features.cp(i)), 2.7 * features.share(i));
      }
      for (int k = 0; k < features.contenders(); k++) {
        rest.remove(model.index().cpCode(features.cp(features.contender(k))));
      }
      var scores = scorer.score(scoring, address);
      for (int i = 0; i < scores.size(); i++) {
        var expected = rest.remove(scores.cp(i));
        if (expected == null) continue;
        double mixed = (1 - WRONG_WORDS) * expected + WRONG_WORDS / model.index().cps();
        assertThat(scores.text(i)).isCloseTo(mixed, within(0.01 * mixed));
        outvoted++;
      }
      assertThat(rest.values()).allMatch(left -> left < 1e-4);
    }
    assertThat(outvoted).isPositive();
  }

  @Test
  void theWordsRuleOutNoCpThatMatters() {
    double least = WRONG_WORDS / scoring.model().index().cps();
    for (var address : addresses) {
      var scores = scorer.score(scoring, address);
      for (int i = 0; i < scores.size(); i++) assertThat(scores.text(i)).isGreaterThan(least);
    }
  }

  @Test
  void thePincodeDoesNotEnterTheProbabilitiesGivenTheText() {
    for (int i = 0; i < addresses.size(); i += 3) { // with its pincode, another's, and none
      var text = addresses.get(i).text();
      var one = scorer.score(scoring, new Address(text, "999999"));
      var other = scorer.score(scoring, new Address(text, null));
      assertThat(one.size()).isEqualTo(other.size());
      for (int c = 0; c < one.size(); c++) {
        assertThat(one.cp(c)).isEqualTo(other.cp(c));
        assertThat(one.text(c)).isEqualTo(other.text(c));
        assertThat(one.right(c, 0)).isZero();
      }
    }
  }

  @Test
  void theOwnerOfAPincodeIsACandidateAndBearsItWithTheShareOfItsRows() {
    var index = scoring.model().index();
    var rows = SmallRelease.rows("180");
    for (var owner : owners().entrySet()) {
      long all = rows.stream().filter(row -> row.cp().equals(owner.getValue())).count();
      long with =
          rows.stream()
              .filter(row -> row.cp().equals(owner.getValue()))
              .filter(row -> row.pincode().equals(owner.getKey()))
              .count();
      var scores = scorer.score(scoring, new Address("zzyzx", owner.getKey()));
      int at = 0;
      while (!scores.cp(at).equals(owner.getValue())) at++;

      assertThat(scores.right(at, 0)).isCloseTo((with + 0.5) / (all + 0.5), within(1e-12));
      assertThat(index.cpCodes()).contains(owner.getValue());
    }
  }

  @Test
  void moreWrongPincodesMakeTheOwnerLessLikely() {
    var owners = owners();
    int changed = 0;
    for (var address : addresses) {
      if (address.pincode() == null) continue;
      double before = 2;
      for (double share : new double[] {0, 0.01, 0.1, 0.5}) {
        var scored = Models.posterior(scoring, address, PincodeErrors.of(share)).scored();
        double owner = confidence(scored, owners.get(address.pincode()));
        if (owner < before) changed++;
        assertThat(owner).isLessThanOrEqualTo(before);
        before = owner;
      }
    }
    assertThat(changed).isGreaterThan(addresses.size());
  }

  @Test
  void anExplanationGivesTheAnswerAndTheEffectOfEveryFeature() {
    int ofAll = 0;
    for (var address : addresses.subList(0, 30)) {
      var explanation = scorer.explain(scoring, address, PincodeErrors.of(0.01));

      var names = new ArrayList<>(Features.NAMES);
      if (explanation.features().size() == 3) { // the second CP is no contender
        names.retainAll(List.of("learned_share"));
      } else {
        ofAll++;
      }
      names.add("wrong_words");
      names.add("pincode");
      assertThat(explanation.scores()).isEqualTo(scorer.score(scoring, address));
      assertThat(explanation.candidates())
          .isEqualTo(
              Models.posterior(scoring, address, PincodeErrors.of(0.01)).scored().candidates());
      assertThat(explanation.features())
          .isSortedAccordingTo(Comparator.comparingDouble(f -> -Math.abs(f.effect())))
          .extracting(Feature::name)
          .containsExactlyInAnyOrderElementsOf(names);
      assertThat(explanation.features())
          .filteredOn(f -> f.first() == f.second())
          .allSatisfy(f -> assertThat(f.effect()).isZero());
    }
    assertThat(ofAll).isBetween(1, 29);
  }

  @Test
  void theEffectsAddUpToTheDifferenceOfTheLogOdds() {
    int compared = 0;
    for (var address : addresses.subList(0, 90)) {
      var explanation = scorer.explain(scoring, address, PincodeErrors.of(0.01));
      double first = explanation.candidates().get(0).confidence();
      double second = explanation.candidates().get(1).confidence();
      if (second < 0.001) continue; // a confidence is rounded to six decimals

      double sum = explanation.features().stream().mapToDouble(Feature::effect).sum();

      assertThat(sum).isCloseTo(Math.log(first / second), within(2e-3));
      compared++;
    }
    assertThat(compared).isPositive();
  }

  @Test
  void threadsWithScorersOfTheirOwnGiveTheSameAnswers() throws Exception {
    var expected = scorer.score(scoring, addresses);
    var pool = Executors.newFixedThreadPool(4);
    try {
      var tasks = new ArrayList<Callable<Void>>();
      for (int thread = 0; thread < 4; thread++) {
        int offset = thread * 101;
        tasks.add(
            () -> {
              var own = new Scorer();
              for (int i = 0; i < 500; i++) {
                int at = (offset + i) % addresses.size();
                assertThat(own.score(scoring, List.of(addresses.get(at))).get(0))
                    .isEqualTo(expected.get(at));
              }
              return null;
            });
      }
      for (var done : pool.invokeAll(tasks)) done.get(60, SECONDS);
    } finally {
      pool.shutdownNow();
    }
  }

  private static int at(Features features, String cp) {
    for (int k = 0; k < features.contenders(); k++) {
      int contender = features.cp(features.contender(k));
      if (scoring.model().index().cpCode(contender).equals(cp)) return k;
    }
    throw new AssertionError(cp + " is no contender");
  }

  /** The CP that owns each pincode of the prefix; in 180 each has one. */
  private static Map<String, String> owners() {
    var index = scoring.model().index();
    var owners = new HashMap<String, String>();
    for (int cp = 0; cp < index.cps(); cp++) {
      owners.put(Integer.toString(index.cpPincode(cp)), index.cpCode(cp));
    }
    return owners;
  }

  private static double confidence(Scored scored, String cp) {
    return scored.candidates().stream()
        .filter(c -> c.cp().equals(cp))
        .mapToDouble(Candidate::confidence)
        .findFirst()
        .orElse(0);
  }
}
