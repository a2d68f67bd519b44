package com.cpprediction.ablation;

import com.cpprediction.ablation.IntervalPlot.Point;
import com.cpprediction.ablation.Tables.Extent;
import com.cpprediction.web.WebFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The report for a browser: one file that needs no other. */
final class Page {
  private static final List<Metric> PLOTTED =
      List.of(Metric.THROUGHPUT, Metric.P50, Metric.P99, Metric.CPU, Metric.PROPORTIONAL);

  private static final List<Metric> LATENCIES = List.of(Metric.P50, Metric.P95, Metric.P99);

  private final Recording recording;
  private final Report report;
  private final Summary summary;

  Page(Recording recording, Report report) {
    this.recording = recording;
    this.report = report;
    summary = recording.summary();
  }

  String html() {
    return WebFiles.text("ablation.html")
        .replace("{{environment}}", environment())
        .replace("{{plots}}", effects() + latencies())
        .replace("{{tables}}", tables())
        .replace("{{notes}}", notes());
  }

  private String environment() {
    return recording.environment().stream()
        .map(
            entry ->
                "<dt>%s</dt><dd>%s</dd>"
                    .formatted(
                        Html.escape(entry.getKey().replace("_mib", ", MiB")),
                        Html.escape(String.valueOf(entry.getValue()))))
        .collect(Collectors.joining("\n"));
  }

  private String effects() {
    var html = new StringBuilder();
    for (var metric : PLOTTED) {
      var alone = new ArrayList<Point>();
      var last = new ArrayList<Point>();
      for (var one : Optimisation.values()) {
        add(alone, one.label(), summary.alone(one, metric), metric);
        add(last, one.label(), summary.last(one, metric), metric);
      }
      add(alone, "all of them", summary.all(metric), metric);
      if (alone.isEmpty() && last.isEmpty()) continue;
      html.append("<h2>%s</h2>\n".formatted(title(metric)));
      html.append("<p>%s</p>\n".formatted(direction(metric)));
      html.append("<div class=\"pair\">\n");
      plot(html, "Alone, against unoptimised", alone, "×", true);
      plot(html, "With all the others, against all but it", last, "×", true);
      html.append("</div>\n");
    }
    return html.toString();
  }

  private static String title(Metric metric) {
    var meaning = metric.meaning();
    return Html.escape(meaning.substring(0, 1).toUpperCase(Locale.ROOT) + meaning.substring(1));
  }

  private static String direction(Metric metric) {
    return metric.better() == Metric.Better.MORE
        ? "More is better: a gain lies right of ×1."
        : "Less is better: a gain lies left of ×1.";
  }

  private static void add(
      List<Point> points, String label, Optional<Interval> found, Metric metric) {
    found.ifPresent(
        interval ->
            points.add(
                new Point(
                    label,
                    kind(interval, metric),
                    interval.ratio(),
                    interval.low(),
                    interval.high(),
                    label + ": " + Tables.effect(interval, metric))));
  }

  private static String kind(Interval interval, Metric metric) {
    return switch (interval.verdict(metric.better())) {
      case GAIN -> "gain";
      case COST -> "cost";
      case NONE, UNKNOWN -> "none";
    };
  }

  /** The means of each state, a plot for each percentile. */
  private String latencies() {
    var html = new StringBuilder("<h2>Latency by state</h2>\n<p>");
    html.append(
        Html.escape(
            "Milliseconds from the intended send time in the open loop at %s requests/s; bars from the fastest round to the slowest."
                .formatted(Tables.number(recording.rate()))));
    html.append("</p>\n<div class=\"pair\">\n");
    for (var metric : LATENCIES) {
      var points = new ArrayList<Point>();
      for (var state : summary.states()) {
        var values =
            summary.of(state).stream()
                .flatMapToDouble(run -> run.figure(metric).stream())
                .filter(value -> value > 0)
                .summaryStatistics();
        if (values.getCount() == 0) continue;
        double mean = summary.mean(state, metric).orElseThrow();
        var tip = "%s: %s ms".formatted(state.label(), Tables.number(mean));
        points.add(new Point(state.label(), "none", mean, values.getMin(), values.getMax(), tip));
      }
      plot(html, metric.label() + ", ms", points, "", false);
    }
    return html.append("</div>\n").toString();
  }

  private static void plot(
      StringBuilder html, String title, List<Point> points, String prefix, boolean ratios) {
    if (points.isEmpty()) return;
    var name = Html.escape(title);
    html.append("<figure><figcaption>%s</figcaption>\n".formatted(name))
        .append(
            "<div class=\"plot\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">".formatted(name))
        .append(new IntervalPlot(title, points, prefix, ratios).svg())
        .append("</div>\n</figure>\n");
  }

  private String tables() {
    return report.tables(Extent.FULL).stream().map(Page::table).collect(Collectors.joining("\n"));
  }

  private static String table(TextTable table) {
    return """
        <h2>%1$s</h2>
        <div class="wide" tabindex="0" role="region" aria-label="%1$s"><table>
        <thead>%2$s</thead>
        <tbody>
        %3$s
        </tbody>
        </table></div>
        """
        .formatted(
            Html.escape(table.title()),
            table.columns().stream()
                .map(column -> header("col", column))
                .collect(Collectors.joining("", "<tr>", "</tr>")),
            table.rows().stream().map(Page::row).collect(Collectors.joining("\n")));
  }

  private static String row(List<String> cells) {
    return cells.stream()
        .skip(1)
        .map(cell -> "<td>%s</td>".formatted(Html.escape(cell)))
        .collect(Collectors.joining("", "<tr>" + header("row", cells.get(0)), "</tr>"));
  }

  private static String header(String scope, String title) {
    return "<th scope=\"%s\">%s</th>".formatted(scope, Html.escape(title));
  }

  private String notes() {
    return report.notes().stream()
        .map(note -> "<li>%s</li>".formatted(Html.escape(note)))
        .collect(Collectors.joining("\n"));
  }
}
