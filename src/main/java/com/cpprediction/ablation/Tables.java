package com.cpprediction.ablation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/** What was measured, in words and figures. */
final class Tables {
  /** Marks a figure that leaves something out. */
  static final String AT_LEAST = "≥";

  private static final String ABSENT = "–";

  private static final List<Metric> MEASURED =
      List.of(
          Metric.THROUGHPUT,
          Metric.STORED,
          Metric.P50,
          Metric.P95,
          Metric.P99,
          Metric.CPU,
          Metric.PROPORTIONAL,
          Metric.PEAK,
          Metric.CALL_READ,
          Metric.DISK_READ,
          Metric.BATCHED,
          Metric.HITS,
          Metric.START);

  /** What effects are told of. */
  static final List<Metric> COMPARED =
      List.of(
          Metric.THROUGHPUT,
          Metric.P50,
          Metric.P95,
          Metric.P99,
          Metric.CPU,
          Metric.PROPORTIONAL,
          Metric.BATCHED,
          Metric.START);

  /** What the README tells, of those. */
  private static final List<Metric> CLAIMED =
      List.of(Metric.THROUGHPUT, Metric.P50, Metric.P99, Metric.CPU);

  private Tables() {}

  /** Every state with the means of what was measured. */
  static Table states(Recording recording) {
    var summary = recording.summary();
    var columns = new ArrayList<>(List.of("state"));
    MEASURED.forEach(metric -> columns.add("%s %s".formatted(metric.label(), metric.unit())));
    var rows = new ArrayList<List<String>>();
    for (var state : summary.states()) {
      var row = new ArrayList<>(List.of(state.label()));
      for (var metric : MEASURED) row.add(mean(summary, state, metric));
      rows.add(row);
    }
    return new Table("Measured, means over the rounds", columns, rows);
  }

  private static String mean(Summary summary, State state, Metric metric) {
    boolean partial =
        metric == Metric.CPU && summary.of(state).stream().anyMatch(run -> run.behind() > 0);
    return (partial ? AT_LEAST : "") + number(summary.mean(state, metric));
  }

  /** Each optimisation where nothing else is on. */
  static Table alone(Recording recording, Promises promises) {
    var summary = recording.summary();
    return effects(
        "Alone, against unoptimised",
        one -> metric -> summary.alone(one, metric),
        Optional.of(summary::all),
        promises);
  }

  /** Each optimisation where everything else is on. */
  static Table last(Recording recording, Promises promises) {
    var summary = recording.summary();
    return effects(
        "With all the others, against all but it",
        one -> metric -> summary.last(one, metric),
        Optional.empty(),
        promises);
  }

  private static Table effects(
      String title,
      Function<Optimisation, Function<Metric, Optional<Interval>>> effect,
      Optional<Function<Metric, Optional<Interval>>> total,
      Promises promises) {
    var columns = new ArrayList<>(List.of("optimisation"));
    COMPARED.forEach(metric -> columns.add(metric.label()));
    columns.add("promised");
    var rows = new ArrayList<List<String>>();
    for (var one : Optimisation.values()) {
      var found = effect.apply(one);
      if (COMPARED.stream().allMatch(metric -> found.apply(metric).isEmpty())) continue;
      rows.add(row(one.label(), COMPARED, found, promises.of(one)));
    }
    total
        .filter(found -> COMPARED.stream().anyMatch(metric -> found.apply(metric).isPresent()))
        .ifPresent(found -> rows.add(row("all of them", COMPARED, found, ABSENT)));
    return new Table(title, columns, rows);
  }

  private static List<String> row(
      String label,
      List<Metric> metrics,
      Function<Metric, Optional<Interval>> effect,
      String promised) {
    var row = new ArrayList<>(List.of(label));
    for (var metric : metrics) row.add(effect(effect.apply(metric), metric));
    row.add(promised);
    return row;
  }

  /** For the README: one row for each optimisation, alone and with all the others. */
  static Table claims(Recording recording, Promises promises) {
    var summary = recording.summary();
    var columns = new ArrayList<>(List.of("optimisation", "promised"));
    CLAIMED.forEach(metric -> columns.add("alone: " + metric.label()));
    CLAIMED.forEach(metric -> columns.add("with all others: " + metric.label()));
    var rows = new ArrayList<List<String>>();
    for (var one : Optimisation.values()) {
      var row = new ArrayList<>(List.of(one.label(), promises.of(one)));
      for (var metric : CLAIMED) row.add(effect(summary.alone(one, metric), metric));
      for (var metric : CLAIMED) row.add(effect(summary.last(one, metric), metric));
      if (row.stream().skip(2).anyMatch(cell -> !cell.equals(ABSENT))) rows.add(row);
    }
    if (summary.all(Metric.THROUGHPUT).isPresent()) {
      var row = new ArrayList<>(List.of("all of them", ABSENT));
      for (var metric : CLAIMED) row.add(effect(summary.all(metric), metric));
      CLAIMED.forEach(metric -> row.add(ABSENT));
      rows.add(row);
    }
    return new Table("", columns, rows);
  }

  private static String effect(Optional<Interval> found, Metric metric) {
    return found.map(interval -> effect(interval, metric)).orElse(ABSENT);
  }

  /** Such as {@code ×3.21 (2.90–3.56) gain}. */
  static String effect(Interval interval, Metric metric) {
    if (!interval.known()) return "×" + number(interval.ratio());
    var mark =
        switch (interval.verdict(metric.better())) {
          case GAIN -> " gain";
          case COST -> " cost";
          case NONE -> " no measurable gain";
          case UNKNOWN -> "";
        };
    return "×%s (%s–%s)%s"
        .formatted(number(interval.ratio()), number(interval.low()), number(interval.high()), mark);
  }

  private static String number(OptionalDouble value) {
    return value.isPresent() ? number(value.getAsDouble()) : ABSENT;
  }

  /** Three digits that count. */
  static String number(double value) {
    double size = Math.abs(value);
    if (size >= 100) return String.format(Locale.ROOT, "%,.0f", value);
    if (size >= 10) return String.format(Locale.ROOT, "%.1f", value);
    if (size >= 1 || size == 0)
      return String.format(Locale.ROOT, size == 0 ? "%.0f" : "%.2f", value);
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
