package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PairedCountsTest {
  /**
   * Published intervals of method 10: Newcombe 1998, table II; Altman et al., "Statistics with
   * confidence", 2000, p. 52; Fagerland et al., "Statistical analysis of contingency tables", 2017,
   * chapter 8. Then all rows alike: the one Wilson limit of 0 or 1 that differs from it, by 1.96² /
   * (50 + 1.96²).
   */
  @ParameterizedTest(name = "{0} {1} {2} {3}")
  @CsvSource({
    "36, 12, 2, 0, 0.2, 0.0569, 0.3404",
    "14, 5, 0, 22, 0.1220, 0.0115, 0.2265",
    "1, 1, 7, 12, -0.2857, -0.5069, -0.0256",
    "50, 0, 0, 0, 0, -0.0713, 0.0713",
    "0, 0, 0, 50, 0, -0.0713, 0.0713",
  })
  void theIntervalIsNewcombesForPairedProportions(
      int both,
      int onlyThis,
      int onlyOther,
      int neither,
      double difference,
      double low,
      double high) {
    var counts = counts(both, onlyThis, onlyOther, neither);

    assertThat(counts.rows()).isEqualTo(both + onlyThis + onlyOther + neither);
    assertThat(counts.difference()).isCloseTo(difference, within(5e-5));
    assertThat(counts.interval().low()).isCloseTo(low, within(5e-5));
    assertThat(counts.interval().high()).isCloseTo(high, within(5e-5));
  }

  @Test
  void exchangedReleasesHaveTheOppositeInterval() {
    var counts = counts(80, 9, 4, 7);
    var exchanged = counts(80, 4, 9, 7);

    assertThat(exchanged.difference()).isEqualTo(-counts.difference());
    assertThat(exchanged.interval().low()).isCloseTo(-counts.interval().high(), within(1e-12));
    assertThat(exchanged.interval().high()).isCloseTo(-counts.interval().low(), within(1e-12));
  }

  @Test
  void agreementOnMoreRowsMakesTheIntervalNarrower() {
    var alike = counts(800, 9, 4, 187).interval();
    var unlike = counts(700, 109, 104, 87).interval();

    assertThat(alike.high() - alike.low()).isLessThan((unlike.high() - unlike.low()) / 2);
  }

  @Test
  void withoutRowsNothingIsKnown() {
    assertThat(counts(0, 0, 0, 0).interval()).isEqualTo(new PairedCounts.Interval(-1, 1));
    assertThat(counts(0, 0, 0, 0).difference()).isZero();
  }

  @Test
  void countsTheRowsThatOnlyOneGotRight() {
    assertThat(counts(36, 12, 2, 0).toJson())
        .isEqualTo(
            new JsonObject()
                .put("this", 0.96)
                .put("against", 0.76)
                .put("difference", 0.2)
                .put("interval", new JsonArray().add(0.05693).add(0.34043))
                .put("only_this", 12L)
                .put("only_against", 2L));
  }

  private static PairedCounts counts(int both, int onlyThis, int onlyOther, int neither) {
    var counts = new PairedCounts();
    for (int i = 0; i < both; i++) counts.add(true, true);
    for (int i = 0; i < onlyThis; i++) counts.add(true, false);
    for (int i = 0; i < onlyOther; i++) counts.add(false, true);
    for (int i = 0; i < neither; i++) counts.add(false, false);
    return counts;
  }
}
