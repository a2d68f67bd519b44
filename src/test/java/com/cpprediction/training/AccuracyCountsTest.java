package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Scored;
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
    counts.add("A", answer(0.7));
    counts.add("B", answer(0.7));
    counts.add("C", answer(0.7));
    counts.add("D", answer(0.7));

    assertThat(counts.rows()).isEqualTo(4);
    assertThat(counts.accuracy()).isEqualTo(0.25);
    assertThat(counts.top3()).isEqualTo(0.75);
  }

  @Test
  void aRowWithoutPredictionCountsAsWrong() {
    counts.add("A", answer(1));
    counts.add("A", null);

    assertThat(counts.toJson())
        .isEqualTo(json("{'rows':2,'answered':1,'accuracy':0.5,'top3':0.5,'ece':0.0}"));
  }

  @Test
  void theCalibrationErrorWeighsEachBinByItsRows() {
    counts.add("A", answer(0.90)); // bin 13 of 15, from 0.867 to 0.933: two of three right
    counts.add("A", answer(0.92));
    counts.add("B", answer(0.88));
    counts.add("B", answer(0.50)); // bin 7: none of one right

    // (|2 - 2.70| + |0 - 0.50|) / 4
    assertThat(counts.calibrationError()).isCloseTo(0.3, within(1e-9));
  }

  @Test
  void oppositeErrorsOfTwoBinsDoNotCancelOut() {
    counts.add("A", answer(0.5));
    counts.add("B", answer(0.6));

    assertThat(counts.calibrationError()).isCloseTo((0.5 + 0.6) / 2, within(1e-9));
  }

  @Test
  void fullConfidenceIsInTheLastBin() {
    counts.add("A", answer(1));
    counts.add("B", answer(0.99));

    assertThat(counts.calibrationError()).isCloseTo(0.99 / 2, within(1e-9));
  }

  @Test
  void addsTheCountsOfAnother() {
    var other = new AccuracyCounts();
    counts.add("A", answer(0.9));
    other.add("B", answer(0.9));
    other.add("A", null);
    counts.add(other);

    assertThat(counts.toJson())
        .isEqualTo(json("{'rows':3,'answered':2,'accuracy':0.33333,'top3':0.66667,'ece':0.4}"));
  }

  /** Candidates A, B and C in this order. */
  private static Scored answer(double confidence) {
    double rest = (1 - confidence) / 2;
    return new Scored(
        "f",
        List.of(
            new Candidate("A", confidence), new Candidate("B", rest), new Candidate("C", rest)));
  }

  private static JsonObject json(String text) {
    return new JsonObject(text.replace('\'', '"'));
  }
}
