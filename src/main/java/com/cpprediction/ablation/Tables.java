package com.cpprediction.ablation;

import com.cpprediction.ablation.Interval.Verdict;
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

  /** How much a table says. */
  enum Extent {
    /** What fits on a terminal: fewer metrics, and a mark for what an interval means. */
    SHORT(
        List.of(
            Metric.THROUGHPUT,
            Metric.STORED,
            Metric.P50,
            Metric.P95,
            Metric.P99,
            Metric.CPU,
            Metric.PROPORTIONAL,
            Metric.BATCHED,
            Metric.HITS),
        List.of(Metric.THROUGHPUT, Metric.P50, Metric.P99, Metric.CPU)),
    /** Everything, in words. */
    FULL(
        List.of(
            Metric.THROUGHPUT,
            Metric.STORED,
            Metric.P50,
            Metric.P95,
            Metric.P99,
            Metric.CPU,
            Metric.SERVICE_CPU,
            Metric.RESIDENT,
            Metric.PROPORTIONAL,
            Metric.PEAK,
            Metric.CALL_READ,
            Metric.DISK_READ,
            Metric.BATCHED,
            Metric.HITS,
            Metric.GENERATOR,
            Metric.START),
        List.of(
            Metric.THROUGHPUT,
            Metric.P50,
            Metric.P95,
            Metric.P99,
            Metric.CPU,
            Metric.PROPORTIONAL,
            Metric.BATCHED,
            Metric.START));

    private final List<Metric> measured;
    private final List<Metric> compared;

    Extent(List<Metric> measured, List<Metric> compared) {
      this.measured = measured;
      this.compared = compared;
    }

    private String effect(Interval interval, Metric metric) {
      var verdict = interval.verdict(metric.better());
      if (!interval.known()) return "×" + number(interval.ratio());
      return "×%s (%s–%s) %s"
          .formatted(
              number(interval.ratio()),
              number(interval.low()),
              number(interval.high()),
              this == FULL ? verdict.label() : verdict.mark());
    }
  }

  /** What the README tells. */
  private static final List<Metric> CLAIMED = List.of(Metric.THROUGHPUT, Metric.P50, Metric.CPU);

  private Tables() {}

  /** Every state with the means of what was measured. */
  static TextTable states(Recording recording, Extent extent) {
    var summary = recording.summary();
    var columns = new ArrayList<>(List.of("state"));
    extent.measured.forEach(
        metric -> columns.add("%s %s".formatted(metric.label(), metric.unit())));
    var rows = new ArrayList<List<String>>();
    for (var state : summary.states()) {
      var row = new ArrayList<>(List.of(state.label()));
      for (var metric : extent.measured) row.add(mean(summary, state, metric));
      rows.add(row);
    }
    return new TextTable("Measured, means over the rounds", columns, rows);
  }

  private static String mean(Summary summary, State state, Metric metric) {
    boolean partial =
        metric == Metric.CPU && summary.of(state).stream().anyMatch(run -> run.behind() > 0);
    return (partial ? AT_LEAST : "") + number(summary.mean(state, metric));
  }

  /** Each optimisation where nothing else is on. */
  static TextTable alone(Recording recording, ExpectedGains gains, Extent extent) {
    var summary = recording.summary();
    return effects(
        "Alone, against unoptimised",
        one -> metric -> summary.alone(one, metric),
        Optional.of(summary::all),
        gains,
        extent);
  }

  /** Each optimisation where everything else is on. */
  static TextTable last(Recording recording, ExpectedGains gains, Extent extent) {
    var summary = recording.summary();
    return effects(
        "With all the others, against all but it",
        one -> metric -> summary.last(one, metric),
        Optional.empty(),
        gains,
        extent);
  }

  private static TextTable effects(
      String title,
      Function<Optimisation, Function<Metric, Optional<Interval>>> effect,
      Optional<Function<Metric, Optional<Interval>>> total,
      ExpectedGains gains,
      Extent extent) {
    var columns = new ArrayList<>(List.of("optimisation"));
    extent.compared.forEach(metric -> columns.add(metric.label()));
    if (gains.any()) columns.add("promised");
    var rows = new ArrayList<List<String>>();
    for (var one : Optimisation.values()) {
      var found = effect.apply(one);
      if (extent.compared.stream().allMatch(metric -> found.apply(metric).isEmpty())) continue;
      var row = row(label(one), found, extent);
      if (gains.any()) row.add(gains.of(one));
      rows.add(row);
    }
    total
        .filter(
            found -> extent.compared.stream().anyMatch(metric -> found.apply(metric).isPresent()))
        .ifPresent(
            found -> {
              var row = row("all of them", found, extent);
              if (gains.any()) row.add(ABSENT);
              rows.add(row);
            });
    return new TextTable(title, columns, rows);
  }

  private static List<String> row(
      String label, Function<Metric, Optional<Interval>> effect, Extent extent) {
    var row = new ArrayList<>(List.of(label));
    for (var metric : extent.compared) row.add(cell(effect.apply(metric), metric, extent));
    return row;
  }

  /** What it is called and which key switches it. */
  private static String label(Optimisation one) {
    return "%s (%s)".formatted(one.label(), one.change());
  }

  /** For the README: one row for each optimisation, alone and with all the others. */
  static TextTable claims(Recording recording, ExpectedGains gains) {
    var summary = recording.summary();
    var columns = new ArrayList<>(List.of("optimisation"));
    if (gains.any()) columns.add("promised");
    CLAIMED.forEach(metric -> columns.add("alone: " + metric.label()));
    CLAIMED.forEach(metric -> columns.add("with all others: " + metric.label()));
    var rows = new ArrayList<List<String>>();
    for (var one : Optimisation.values()) {
      var found = new ArrayList<String>();
      for (var metric : CLAIMED) found.add(claim(summary.alone(one, metric), metric));
      for (var metric : CLAIMED) found.add(claim(summary.last(one, metric), metric));
      if (found.stream().allMatch(ABSENT::equals)) continue;
      var row = new ArrayList<>(List.of(label(one)));
      if (gains.any()) row.add(gains.of(one));
      row.addAll(found);
      rows.add(row);
    }
    if (summary.all(Metric.THROUGHPUT).isPresent()) {
      var row = new ArrayList<>(List.of("all of them"));
      if (gains.any()) row.add(ABSENT);
      for (var metric : CLAIMED) row.add(claim(summary.all(metric), metric));
      CLAIMED.forEach(metric -> row.add(ABSENT));
      rows.add(row);
    }
    return new TextTable("", columns, rows);
  }

  /** In Markdown, and as short as it goes: what is no gain needs no ratio. */
  private static String claim(Optional<Interval> found, Metric metric) {
    if (found.isEmpty()) return ABSENT;
    var interval = found.get();
    var ratio = "×" + number(interval.ratio());
    var verdict = interval.verdict(metric.better());
    if (verdict == Verdict.UNKNOWN) return ratio;
    var said =
        switch (verdict) {
          case GAIN -> "**%s**".formatted(ratio);
          case COST -> "cost " + ratio;
          default -> verdict.label();
        };
    return "%s (%s–%s)".formatted(said, number(interval.low()), number(interval.high()));
  }

  private static String cell(Optional<Interval> found, Metric metric, Extent extent) {
    return found.map(interval -> extent.effect(interval, metric)).orElse(ABSENT);
  }

  /** Such as {@code ×3.21 (2.90–3.56) gain}. */
  static String effect(Interval interval, Metric metric) {
    return Extent.FULL.effect(interval, metric);
  }

  /** As {@link #number(double)}; a dash where there is none. */
  static String number(OptionalDouble value) {
    return value.isPresent() ? number(value.getAsDouble()) : ABSENT;
  }

  /** Three digits that count, and all of those before the point; a dash for NaN. */
  static String number(double value) {
    double size = Math.abs(value);
    if (Double.isNaN(size)) return ABSENT;
    if (size == 0) return "0";
    if (size < 0.001) return String.format(Locale.ROOT, "%.2e", value);
    if (size >= 100) return String.format(Locale.ROOT, "%,.0f", value);
    if (size >= 10) return String.format(Locale.ROOT, "%.1f", value);
    return String.format(Locale.ROOT, size >= 1 ? "%.2f" : "%.3f", value);
  }
}
