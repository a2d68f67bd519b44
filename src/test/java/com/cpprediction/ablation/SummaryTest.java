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
  void whatSlowsAWholeRoundDownCancelsOut() {
    var alone = summary.alone(Optimisation.CACHING, Metric.THROUGHPUT).orElseThrow();

    assertThat(alone.ratio()).isCloseTo(2, within(1e-9));
    assertThat(alone.low()).isCloseTo(2, within(1e-9));
    assertThat(alone.verdict(Metric.Better.MORE)).isEqualTo(Verdict.GAIN);
    assertThat(summary.last(Optimisation.CACHING, Metric.P99).orElseThrow().ratio())
        .isCloseTo(0.5, within(1e-9));
  }

  @Test
  void whatDiffersFromRoundToRoundIsNoMeasurableGain() {
    var alone = summary.alone(Optimisation.MONITORING, Metric.THROUGHPUT).orElseThrow();

    assertThat(alone.verdict(Metric.Better.MORE)).isEqualTo(Verdict.NONE);
    // ln 0.9, ln 1.05, ln 1.1: mean 0.012913, standard deviation 0.105036, by hand.
    assertThat(Math.log(alone.ratio())).isCloseTo(0.012913, within(1e-5));
    assertThat(Math.log(alone.high() / alone.ratio()))
        .isCloseTo(4.303 * 0.105036 / Math.sqrt(3), within(1e-4));
  }

  @Test
  void aRunThatFailedDoesNotCountNorDoesItsPartner() {
    var runs = new ArrayList<>(Recordings.recording().runs());
    runs.removeIf(run -> run.state().equals(State.UNOPTIMISED) && run.round() == 2);
    runs.add(Run.failed(State.UNOPTIMISED, 2, "The service ended"));

    var fewer = new Summary(runs);

    assertThat(fewer.of(State.UNOPTIMISED)).hasSize(2);
    // The two rounds left: ln 0.9 and ln 1.1.
    assertThat(fewer.alone(Optimisation.MONITORING, Metric.THROUGHPUT).orElseThrow().ratio())
        .isCloseTo(Math.sqrt(0.9 * 1.1), within(1e-9));
  }

  @Test
  void whatIsNeverReadHasAMeanAndNoRatio() {
    assertThat(summary.mean(State.ALL, Metric.DISK_READ)).hasValue(0);
    assertThat(summary.alone(Optimisation.CACHING, Metric.DISK_READ)).isEmpty();
  }

  @Test
  void whatWasNotMeasuredIsNotThere() {
    var runs = List.of(Recordings.run(State.ALL, 1), Recordings.run(State.UNOPTIMISED, 1));

    var some = new Summary(runs);

    assertThat(some.states()).containsExactly(State.UNOPTIMISED, State.ALL);
    assertThat(some.alone(Optimisation.CACHING, Metric.THROUGHPUT)).isEmpty();
    assertThat(some.all(Metric.THROUGHPUT).orElseThrow().known()).isFalse();
    assertThat(some.mean(State.ALL, Metric.PROPORTIONAL)).isEmpty();
  }
}
