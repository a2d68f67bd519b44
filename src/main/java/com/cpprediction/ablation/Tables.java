package com.cpprediction.ablation;

import com.cpprediction.ablation.Interval.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** Tables of a report. */
final class Tables {
  /** Marks a figure that excludes part of the work. */
  static final String AT_LEAST = "≥";

  private static final String ABSENT = "–";

  /** Columns and wording of tables. */
  enum Extent {
    /** For a terminal: fewer metrics, verdicts as marks. */
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
    /** All metrics, verdicts in words. */
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

  /** Metrics of the claims. */
  private static final List<Metric> CLAIMED = List.of(Metric.THROUGHPUT, Metric.P50, Metric.CPU);

  private Tables() {}

  /** Means of the metrics, by variant. */
  static ReportTable means(Recording recording, Extent extent) {
    var summary = recording.summary();
    var columns = new ArrayList<>(List.of(recording.design().unit()));
    extent.measured.forEach(
        metric -> columns.add("%s %s".formatted(metric.label(), metric.unit())));
    var rows = new ArrayList<List<String>>();
    for (var variant : summary.variants()) {
      var row = new ArrayList<>(List.of(variant.label()));
      for (var metric : extent.measured) row.add(mean(summary, variant.id(), metric));
      rows.add(row);
    }
    return new ReportTable("Measured, means over the rounds", columns, rows);
  }

  private static String mean(Summary summary, String id, Metric metric) {
    boolean partial =
        metric == Metric.CPU && summary.of(id).stream().anyMatch(run -> run.behind() > 0);
    return (partial ? AT_LEAST : "") + number(summary.mean(id, metric));
  }

  /** Ratios of the contrasts of a group; contrasts without any are left out. */
  static ReportTable ratios(
      Recording recording, Design.Group group, ExpectedGains gains, Extent extent) {
    var summary = recording.summary();
    boolean ablation = recording.design().isAblation();
    boolean promised = ablation && gains.any();
    var columns = new ArrayList<>(List.of(ablation ? "optimisation" : "configuration"));
    extent.compared.forEach(metric -> columns.add(metric.label()));
    if (promised) columns.add("promised");
    var rows = new ArrayList<List<String>>();
    for (var contrast : group.contrasts()) {
      var cells =
          extent.compared.stream()
              .map(metric -> cell(summary.ratio(contrast, metric), metric, extent))
              .toList();
      if (cells.stream().allMatch(ABSENT::equals)) continue;
      var row = new ArrayList<>(List.of(contrast.title()));
      row.addAll(cells);
      if (promised) row.add(contrast.equals(Design.all()) ? ABSENT : gains.of(contrast.key()));
      rows.add(row);
    }
    return new ReportTable(group.title(), columns, rows);
  }

  /**
   * Claims of {@code src/docs/proof.md}: per optimisation its ratios, alone and with all others.
   */
  static ReportTable claims(Recording recording, ExpectedGains gains) {
    var summary = recording.summary();
    var columns = new ArrayList<>(List.of("optimisation"));
    if (gains.any()) columns.add("promised");
    CLAIMED.forEach(metric -> columns.add("alone: " + metric.label()));
    CLAIMED.forEach(metric -> columns.add("with all others: " + metric.label()));
    var rows = new ArrayList<List<String>>();
    for (var one : Optimisation.values()) {
      var found = new ArrayList<String>();
      for (var metric : CLAIMED) found.add(claim(summary.ratio(Design.alone(one), metric), metric));
      for (var metric : CLAIMED) found.add(claim(summary.ratio(Design.last(one), metric), metric));
      if (found.stream().allMatch(ABSENT::equals)) continue;
      var row = new ArrayList<>(List.of(Design.alone(one).title()));
      if (gains.any()) row.add(gains.of(one.id()));
      row.addAll(found);
      rows.add(row);
    }
    if (summary.ratio(Design.all(), Metric.THROUGHPUT).isPresent()) {
      var row = new ArrayList<>(List.of(Design.all().label()));
      if (gains.any()) row.add(ABSENT);
      for (var metric : CLAIMED) row.add(claim(summary.ratio(Design.all(), metric), metric));
      CLAIMED.forEach(metric -> row.add(ABSENT));
      rows.add(row);
    }
    return new ReportTable("", columns, rows);
  }

  /** A cell in Markdown; without ratio where there is no measurable gain. */
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

  /** Formats as {@link #number(double)}; a dash for empty. */
  static String number(OptionalDouble value) {
    return value.isPresent() ? number(value.getAsDouble()) : ABSENT;
  }

  /**
   * Formats with three significant digits, up to a million with all digits before the point; a dash
   * for NaN.
   */
  static String number(double value) {
    double size = Math.abs(value);
    if (Double.isNaN(size)) return ABSENT;
    if (size == 0) return "0";
    if (size < 0.001) return String.format(Locale.ROOT, "%.2e", value);
    if (size >= 1e6) return String.format(Locale.ROOT, "%.2e", value);
    if (size >= 100) return String.format(Locale.ROOT, "%,.0f", value);
    if (size >= 10) return String.format(Locale.ROOT, "%.1f", value);
    return String.format(Locale.ROOT, size >= 1 ? "%.2f" : "%.3f", value);
  }
}
