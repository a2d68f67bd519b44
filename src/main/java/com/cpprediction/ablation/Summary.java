package com.cpprediction.ablation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** What follows from the runs that count. */
final class Summary {
  private final List<Run> runs;

  Summary(List<Run> runs) {
    this.runs = runs.stream().filter(Run::fine).toList();
  }

  /** The states that were measured, in the order of {@link State#every}. */
  List<State> states() {
    return State.every().stream()
        .filter(state -> runs.stream().anyMatch(run -> run.state().equals(state)))
        .toList();
  }

  /** The runs of one state. */
  List<Run> of(State state) {
    return runs.stream().filter(run -> run.state().equals(state)).toList();
  }

  /** Over the rounds: the geometric mean, which the ratios are those of; the plain one with 0s. */
  OptionalDouble mean(State state, Metric metric) {
    var values = new ArrayList<Double>();
    for (var run : of(state)) run.figure(metric).ifPresent(values::add);
    if (values.isEmpty()) return OptionalDouble.empty();
    return values.stream().allMatch(value -> value > 0)
        ? OptionalDouble.of(Interval.geometricMean(values))
        : values.stream().mapToDouble(Double::doubleValue).average();
  }

  /** What an optimisation brings where nothing else is on. */
  Optional<Interval> alone(Optimisation one, Metric metric) {
    return compare(State.only(one), State.UNOPTIMISED, metric);
  }

  /** What it brings where everything else is on. */
  Optional<Interval> last(Optimisation one, Metric metric) {
    return compare(State.ALL, State.allBut(one), metric);
  }

  /** Everything against nothing. */
  Optional<Interval> all(Metric metric) {
    return compare(State.ALL, State.UNOPTIMISED, metric);
  }

  /** Empty when no round has both, or the metric is 0 there. */
  private Optional<Interval> compare(State with, State without, Metric metric) {
    var ratios = new ArrayList<Double>();
    for (var run : of(with)) {
      for (var other : of(without)) {
        if (other.round() != run.round()) continue;
        double value = run.figure(metric).orElse(0);
        double reference = other.figure(metric).orElse(0);
        if (value > 0 && reference > 0) ratios.add(value / reference);
      }
    }
    return ratios.isEmpty() ? Optional.empty() : Optional.of(Interval.of(ratios));
  }
}
