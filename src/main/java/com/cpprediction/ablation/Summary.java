package com.cpprediction.ablation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Means and ratios over the valid runs. */
final class Summary {
  private final Design design;
  private final List<Run> runs;

  Summary(Design design, List<Run> runs) {
    this.design = design;
    this.runs = runs.stream().filter(Run::valid).toList();
  }

  /** The measured variants, in the order of the design. */
  List<Variant> variants() {
    return design.variants().stream().filter(variant -> !of(variant.id()).isEmpty()).toList();
  }

  /**
   * The valid runs of a variant.
   *
   * @param id of the variant
   */
  List<Run> of(String id) {
    return runs.stream().filter(run -> run.variant().id().equals(id)).toList();
  }

  /**
   * Mean over the rounds: geometric, consistent with the ratios; arithmetic when a value is 0.
   *
   * @param id of the variant
   */
  OptionalDouble mean(String id, Metric metric) {
    var values = new ArrayList<Double>();
    for (var run : of(id)) run.figure(metric).ifPresent(values::add);
    if (values.isEmpty()) return OptionalDouble.empty();
    return values.stream().allMatch(value -> value > 0)
        ? OptionalDouble.of(Interval.geometricMean(values))
        : values.stream().mapToDouble(Double::doubleValue).average();
  }

  /** Ratio over the rounds with both variants; empty without such a round, or when a value is 0. */
  Optional<Interval> ratio(Contrast contrast, Metric metric) {
    var ratios = new ArrayList<Double>();
    for (var run : of(contrast.tested())) {
      for (var other : of(contrast.baseline())) {
        if (other.round() != run.round()) continue;
        double value = run.figure(metric).orElse(0);
        double reference = other.figure(metric).orElse(0);
        if (value > 0 && reference > 0) ratios.add(value / reference);
      }
    }
    return ratios.isEmpty() ? Optional.empty() : Optional.of(Interval.of(ratios));
  }
}
