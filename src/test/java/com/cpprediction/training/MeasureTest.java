package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Scored;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;

class MeasureTest {
  private final Measure measure = new Measure();

  @Test
  void ofNothingEverythingIsZero() {
    assertThat(measure.toJson())
        .isEqualTo(json("{'rows':0,'answered':0,'accuracy':0.0,'top3':0.0,'ece':0.0}"));
  }

  @Test
  void accuracyCountsTheFirstAndTopThreeAnyCandidate() {
    measure.add("A", answer(0.7));
    measure.add("B", answer(0.7));
    measure.add("C", answer(0.7));
    measure.add("D", answer(0.7));

    assertThat(measure.rows()).isEqualTo(4);
    assertThat(measure.accuracy()).isEqualTo(0.25);
    assertThat(measure.top3()).isEqualTo(0.75);
  }

  @Test
  void anUnansweredRowIsWrong() {
    measure.add("A", answer(1));
    measure.add("A", null);

    assertThat(measure.toJson())
        .isEqualTo(json("{'rows':2,'answered':1,'accuracy':0.5,'top3':0.5,'ece':0.0}"));
  }

  @Test
  void theCalibrationErrorWeighsEachBinByItsRows() {
    measure.add("A", answer(0.90)); // bin 13 of 15, from 0.867 to 0.933: two of three right
    measure.add("A", answer(0.92));
    measure.add("B", answer(0.88));
    measure.add("B", answer(0.50)); // bin 7: none of one right

    // (|2 - 2.70| + |0 - 0.50|) / 4
    assertThat(measure.calibrationError()).isCloseTo(0.3, within(1e-9));
  }

  @Test
  void oppositeErrorsOfTwoBinsDoNotCancelOut() {
    measure.add("A", answer(0.5));
    measure.add("B", answer(0.6));

    assertThat(measure.calibrationError()).isCloseTo((0.5 + 0.6) / 2, within(1e-9));
  }

  @Test
  void fullConfidenceIsInTheLastBin() {
    measure.add("A", answer(1));
    measure.add("B", answer(0.99));

    assertThat(measure.calibrationError()).isCloseTo(0.99 / 2, within(1e-9));
  }

  @Test
  void twoMeasuresAddUp() {
    var other = new Measure();
    measure.add("A", answer(0.9));
    other.add("B", answer(0.9));
    other.add("A", null);
    measure.add(other);

    assertThat(measure.toJson())
        .isEqualTo(json("{'rows':3,'answered':2,'accuracy':0.33333,'top3':0.66667,'ece':0.4}"));
  }

  /** A first, B and C next. */
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
