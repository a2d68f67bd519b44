package com.cpprediction.ablation;

import com.cpprediction.ablation.Tables.Extent;
import com.cpprediction.loadtest.ReportPage;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The report as an HTML file: its data as JSON, drawn by the script of the template. */
final class Page {
  private static final List<Metric> PLOTTED =
      List.of(Metric.THROUGHPUT, Metric.P50, Metric.P99, Metric.CPU, Metric.PROPORTIONAL);

  private static final List<Metric> LATENCIES = List.of(Metric.P50, Metric.P95, Metric.P99);

  private final Recording recording;
  private final Report report;
  private final Design design;
  private final Summary summary;

  Page(Recording recording, Report report) {
    this.recording = recording;
    this.report = report;
    design = recording.design();
    summary = recording.summary();
  }

  String html() {
    return ReportPage.of("ablation.html", data());
  }

  /** {@code {"title", "environment", "sections", "tables", "notes"}}, texts ready for display. */
  JsonObject data() {
    return new JsonObject()
        .put("title", design.title())
        .put("environment", recording.environment())
        .put("sections", array(Stream.concat(ratios(), Stream.of(latencies()))))
        .put("tables", array(report.tables(Extent.FULL).stream().map(Page::table)))
        .put("notes", new JsonArray(report.notes()));
  }

  /** Charts of ratios: a section per metric, or one for all metrics of a single contrast. */
  private Stream<JsonObject> ratios() {
    var contrasts = design.contrasts().toList();
    if (contrasts.size() > 1) {
      return PLOTTED.stream()
          .map(this::ratios)
          .filter(section -> !section.getJsonArray("charts").isEmpty());
    }
    var points = PLOTTED.stream().flatMap(m -> point(contrasts.get(0), m, m.label()));
    var chart = chart(design.title(), "×", true, points);
    return Stream.of(section("Ratios", "Right of ×1 the figure is larger.", Stream.of(chart)));
  }

  private JsonObject ratios(Metric metric) {
    var meaning = metric.meaning();
    return section(
        meaning.substring(0, 1).toUpperCase(Locale.ROOT) + meaning.substring(1),
        metric.better() == Metric.Better.MORE
            ? "More is better: a gain lies right of ×1."
            : "Less is better: a gain lies left of ×1.",
        design.groups().stream().map(group -> chart(group, metric)));
  }

  private JsonObject chart(Design.Group group, Metric metric) {
    var points = group.contrasts().stream().flatMap(one -> point(one, metric, one.label()));
    return chart(group.title(), "×", true, points);
  }

  private Stream<JsonObject> point(Contrast contrast, Metric metric, String label) {
    return summary.ratio(contrast, metric).map(found -> point(found, metric, label)).stream();
  }

  private static JsonObject point(Interval interval, Metric metric, String label) {
    var kind =
        switch (interval.verdict(metric.better())) {
          case GAIN -> "gain";
          case COST -> "cost";
          case NONE, UNKNOWN -> "none";
        };
    var text = "%s: %s".formatted(label, Tables.effect(interval, metric));
    var point = point(label, kind, interval.ratio(), text);
    return interval.known() ? point.put("low", interval.low()).put("high", interval.high()) : point;
  }

  private JsonObject latencies() {
    var note =
        "Milliseconds from the intended send time in the open loop at %s requests/s; bars from the fastest round to the slowest."
            .formatted(Tables.number(recording.rate()));
    return section("Latency by " + design.unit(), note, LATENCIES.stream().map(this::latencies));
  }

  private JsonObject latencies(Metric metric) {
    var points = summary.variants().stream().flatMap(variant -> point(variant, metric));
    return chart(metric.label() + ", ms", "", false, points);
  }

  private Stream<JsonObject> point(Variant variant, Metric metric) {
    var values =
        summary.of(variant.id()).stream()
            .flatMapToDouble(run -> run.figure(metric).stream())
            .filter(value -> value > 0)
            .summaryStatistics();
    if (values.getCount() == 0) return Stream.empty();
    double mean = summary.mean(variant.id(), metric).orElseThrow();
    var text = "%s: %s ms".formatted(variant.label(), Tables.number(mean));
    return Stream.of(
        point(variant.label(), "none", mean, text)
            .put("low", values.getMin())
            .put("high", values.getMax()));
  }

  private static JsonObject point(String label, String kind, double value, String text) {
    return new JsonObject()
        .put("label", label)
        .put("kind", kind)
        .put("value", value)
        .put("text", text);
  }

  private static JsonObject chart(
      String title, String prefix, boolean ratios, Stream<JsonObject> points) {
    return new JsonObject()
        .put("title", title)
        .put("prefix", prefix)
        .put("ratios", ratios)
        .put("points", array(points));
  }

  /** A section without its empty charts. */
  private static JsonObject section(String title, String note, Stream<JsonObject> charts) {
    return new JsonObject()
        .put("title", title)
        .put("note", note)
        .put("charts", array(charts.filter(c -> !c.getJsonArray("points").isEmpty())));
  }

  private static JsonObject table(ReportTable table) {
    return new JsonObject()
        .put("title", table.title())
        .put("columns", new JsonArray(table.columns()))
        .put("rows", new JsonArray(table.rows()));
  }

  private static JsonArray array(Stream<JsonObject> objects) {
    return new JsonArray(objects.toList());
  }
}
