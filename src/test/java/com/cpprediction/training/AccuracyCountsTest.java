package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Failure;
import com.cpprediction.training.AccuracyCounts.Coverage;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;

class AccuracyCountsTest {
  private final AccuracyCounts counts = new AccuracyCounts();

  @Test
  void withoutRowsAllFiguresAreZero() {
    assertThat(counts.toJson())
        .isEqualTo(json("{'rows':0,'answered':0,'accuracy':0.0,'top3':0.0,'ece':0.0}"));
  }

  @Test
  void accuracyCountsTheFirstAndTopThreeAnyCandidate() {
    counts.add(result("A", 0.7));
    counts.add(result("B", 0.7));
    counts.add(result("C", 0.7));
    counts.add(result("D", 0.7));

    assertThat(counts.rows()).isEqualTo(4);
    assertThat(counts.accuracy()).isEqualTo(0.25);
    assertThat(counts.top3()).isEqualTo(0.75);
  }

  @Test
  void aRowWithoutPredictionCountsAsWrong() {
    counts.add(result("A", 1));
    counts.add(RowResult.refused(Failure.UNKNOWN_PREFIX));

    assertThat(counts.toJson())
        .isEqualTo(json("{'rows':2,'answered':1,'accuracy':0.5,'top3':0.5,'ece':0.0}"));
  }

  @Test
  void theCalibrationErrorWeighsEachBinByItsRows() {
    counts.add(result("A", 0.90)); // bin 13 of 15, from 0.867 to 0.933: two of three right
    counts.add(result("A", 0.92));
    counts.add(result("B", 0.88));
    counts.add(result("B", 0.50)); // bin 7: none of one right

    // (|2 - 2.70| + |0 - 0.50|) / 4
    assertThat(counts.calibrationError()).isCloseTo(0.3, within(1e-9));
  }

  @Test
  void oppositeErrorsOfTwoBinsDoNotCancelOut() {
    counts.add(result("A", 0.5));
    counts.add(result("B", 0.6));

    assertThat(counts.calibrationError()).isCloseTo((0.5 + 0.6) / 2, within(1e-9));
  }

  @Test
  void fullConfidenceIsInTheLastBin() {
    counts.add(result("A", 1));
    counts.add(result("B", 0.99));

    assertThat(counts.calibrationError()).isCloseTo(0.99 / 2, within(1e-9));
  }

  @Test
  void theReliabilityHasFifteenBinsOfEqualWidth() {
    counts.add(result("A", 0.90));
    counts.add(result("B", 0.92));
    counts.add(result("A", 1));

    var bins = counts.reliability();
    assertThat(bins).hasSize(15);
    assertThat(bins.get(0).toJson())
        .isEqualTo(json("{'from':0.0,'to':0.06667,'rows':0,'confidence':null,'right':null}"));
    assertThat(bins.get(13).toJson())
        .isEqualTo(json("{'from':0.86667,'to':0.93333,'rows':2,'confidence':0.91,'right':0.5}"));
    assertThat(bins.get(14).toJson())
        .isEqualTo(json("{'from':0.93333,'to':1.0,'rows':1,'confidence':1.0,'right':1.0}"));
  }

  @Test
  void theCoverageIsTheShareOfAllRowsThatAreSureEnough() {
    counts.add(result("A", 0.95));
    counts.add(result("B", 0.9));
    counts.add(result("A", 0.5));
    counts.add(RowResult.refused(Failure.PINCODE_REQUIRED));

    assertThat(counts.coverage())
        .containsExactly(
            new Coverage(0.5, 0.75, 2 / 3.0),
            new Coverage(0.6, 0.5, 0.5),
            new Coverage(0.7, 0.5, 0.5),
            new Coverage(0.8, 0.5, 0.5),
            new Coverage(0.9, 0.5, 0.5),
            new Coverage(0.95, 0.25, 1),
            new Coverage(0.99, 0, Double.NaN));
    assertThat(counts.coverage().get(6).toJson())
        .isEqualTo(json("{'confidence':0.99,'predicted':0.0,'right':null}"));
  }

  @Test
  void countsRefusalsByFailure() {
    counts.add(RowResult.refused(Failure.PINCODE_REQUIRED));
    counts.add(RowResult.refused(Failure.UNKNOWN_PREFIX));
    counts.add(RowResult.refused(Failure.PINCODE_REQUIRED));

    assertThat(counts.toFullJson().getJsonObject("refused"))
        .isEqualTo(new JsonObject().put("unknown-prefix", 1L).put("pincode-required", 2L));
  }

  /** Of candidates A, B and C in this order. */
  private static RowResult result(String truth, double confidence) {
    double rest = (1 - confidence) / 2;
    return RowResult.of(
        truth,
        List.of(
            new Candidate("A", confidence), new Candidate("B", rest), new Candidate("C", rest)));
  }

  private static JsonObject json(String text) {
    return new JsonObject(text.replace('\'', '"'));
  }
}
