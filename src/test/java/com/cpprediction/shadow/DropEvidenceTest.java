package com.cpprediction.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Simulated canaries, judged after every outcome. */
class DropEvidenceTest {
  private static final int RUNS = 1_000;
  private static final int OUTCOMES = 5_000;
  private static final double MARGIN = 0.02;

  /**
   * A run until the alarm.
   *
   * @param alarm whether there was one
   * @param wrong outcomes that the canary did not predict until then
   */
  private record Run(boolean alarm, int wrong) {}

  /**
   * @param accuracy of the served release
   * @param lost share of the outcomes that only the served release predicts
   * @param gained share of the outcomes that only the canary predicts
   */
  private static Run run(Random random, double accuracy, double lost, double gained) {
    int worse = 0;
    int same = 0;
    int better = 0;
    int wrong = 0;
    for (int i = 0; i < OUTCOMES; i++) {
      double draw = random.nextDouble();
      if (draw < lost) {
        worse++;
        wrong++;
      } else if (draw < lost + gained) {
        better++;
      } else {
        same++;
        if (draw < lost + gained + 1 - accuracy - gained) wrong++;
      }
      // Only an outcome that the canary missed adds evidence.
      if (draw < lost
          && DropEvidence.evidence(worse, same, better, MARGIN) >= DropEvidence.THRESHOLD) {
        return new Run(true, wrong);
      }
    }
    return new Run(false, wrong);
  }

  @ParameterizedTest(name = "{0} lost, {1} gained")
  @CsvSource({"0.05, 0.05", "0.15, 0.15", "0.06, 0.04", "0.02, 0", "0, 0"})
  void seldomAlarmsWhereTheCanaryIsNotFurtherBehindThanItMay(double lost, double gained) {
    var random = new Random(19);
    int alarms = 0;
    for (int i = 0; i < RUNS; i++) if (run(random, 0.8, lost, gained).alarm()) alarms++;

    assertThat(alarms).isLessThanOrEqualTo((int) (2 * DropEvidence.ALPHA * RUNS));
  }

  @ParameterizedTest(name = "{0} lost, {1} gained of {2}")
  @CsvSource({"0.1, 0, 0.95", "0.15, 0.05, 0.8", "0.18, 0.08, 0.85", "0.9, 0.01, 0.95"})
  void catchesACanaryTenPointsWorseWithin500WrongAnswers(
      double lost, double gained, double accuracy) {
    var random = new Random(20);
    int caught = 0;
    for (int i = 0; i < RUNS; i++) {
      var run = run(random, accuracy, lost, gained);
      if (run.alarm() && run.wrong() < 500) caught++;
    }

    assertThat(caught).isGreaterThanOrEqualTo(95 * RUNS / 100);
  }

  @Test
  void pairsTheCanaryWithTheNextShipmentOfTheServedRelease() {
    var pairs = new ErrorPairs();
    pairs.add(false, true); // before any of the canary
    pairs.add(true, true);
    pairs.add(true, false); // in the place of the one before
    pairs.add(false, false);
    pairs.add(false, true); // without a partner
    pairs.add(true, true);
    pairs.add(false, false);
    pairs.add(true, false);
    pairs.add(false, true);

    assertThat(pairs.counts()).isEqualTo(new ErrorPairs.Counts(1, 1, 1));
  }
}
