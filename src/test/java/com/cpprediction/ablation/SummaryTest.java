package com.cpprediction.ablation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.ablation.Interval.Verdict;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SummaryTest {
  private final Summary summary = Recordings.recording().summary();

  @Test
  void driftBetweenRoundsCancelsOut() {
    var alone = summary.ratio(Design.alone(Optimisation.CACHING), Metric.THROUGHPUT).orElseThrow();

    assertThat(alone.ratio()).isCloseTo(2, within(1e-9));
    assertThat(alone.low()).isCloseTo(2, within(1e-9));
    assertThat(alone.verdict(Metric.Better.MORE)).isEqualTo(Verdict.GAIN);
    assertThat(summary.ratio(Design.last(Optimisation.CACHING), Metric.P99).orElseThrow().ratio())
        .isCloseTo(0.5, within(1e-9));
  }

  @Test
  void aVaryingEffectIsNoMeasurableGain() {
    var alone =
        summary.ratio(Design.alone(Optimisation.MONITORING), Metric.THROUGHPUT).orElseThrow();

    assertThat(alone.verdict(Metric.Better.MORE)).isEqualTo(Verdict.NONE);
    // ln 0.9, ln 1.05, ln 1.1: mean 0.012913, standard deviation 0.105036, by hand.
    assertThat(Math.log(alone.ratio())).isCloseTo(0.012913, within(1e-5));
    assertThat(Math.log(alone.high() / alone.ratio()))
        .isCloseTo(4.303 * 0.105036 / Math.sqrt(3), within(1e-4));
  }

  @Test
  void excludesAFailedRunAndItsPair() {
    var runs = new ArrayList<>(Recordings.recording().runs());
    runs.removeIf(run -> run.variant().equals(State.UNOPTIMISED.variant()) && run.round() == 2);
    runs.add(Run.failed(State.UNOPTIMISED.variant(), 2, "The service ended"));

    var fewer = new Summary(Recordings.ABLATION, runs);

    assertThat(fewer.of(State.UNOPTIMISED.id())).hasSize(2);
    // The two rounds left: ln 0.9 and ln 1.1.
    assertThat(
            fewer
                .ratio(Design.alone(Optimisation.MONITORING), Metric.THROUGHPUT)
                .orElseThrow()
                .ratio())
        .isCloseTo(Math.sqrt(0.9 * 1.1), within(1e-9));
  }

  @Test
  void aMetricOfZeroHasAMeanAndNoRatio() {
    assertThat(summary.mean(State.ALL.id(), Metric.DISK_READ)).hasValue(0);
    assertThat(summary.ratio(Design.alone(Optimisation.CACHING), Metric.DISK_READ)).isEmpty();
  }

  @Test
  void omitsVariantsThatWereNotMeasured() {
    var runs = List.of(Recordings.run(State.ALL, 1), Recordings.run(State.UNOPTIMISED, 1));

    var some = new Summary(Recordings.ABLATION, runs);

    assertThat(some.variants()).containsExactly(State.UNOPTIMISED.variant(), State.ALL.variant());
    assertThat(some.ratio(Design.alone(Optimisation.CACHING), Metric.THROUGHPUT)).isEmpty();
    assertThat(some.ratio(Design.all(), Metric.THROUGHPUT).orElseThrow().known()).isFalse();
    assertThat(some.mean(State.ALL.id(), Metric.PROPORTIONAL)).isEmpty();
  }
}
