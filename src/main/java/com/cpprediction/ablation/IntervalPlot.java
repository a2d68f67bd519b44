package com.cpprediction.ablation;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Points with their intervals on a logarithmic axis, one line each, as SVG that takes its colours
 * from the page: classes {@code gain}, {@code cost} and {@code none} for points, {@code grid} and
 * {@code unit} for lines. A gain points up, a cost down.
 */
final class IntervalPlot {
  private static final int WIDTH = 540;
  private static final int LABELS = 205;
  private static final int RIGHT = 20;
  private static final int LINE = 24;
  private static final int TOP = 10;
  private static final int BOTTOM = 30;

  /** Times beyond the outermost points that an interval is drawn; what is longer is cut off. */
  private static final double FAR = 4;

  private static final double[] STEPS = {1, 2, 5};
  private static final int MIN_TICKS = 3;
  private static final int MAX_TICKS = 6;

  /** Powers of ten, below which 1, 2 and 5 would be too few. */
  private static final double SHORT = 0.7;

  /**
   * @param label what it is
   * @param kind class of the point
   * @param low end of the interval; not positive or NaN for none
   * @param tip what the point says when it is pointed at
   */
  record Point(String label, String kind, double value, double low, double high, String tip) {
    boolean hasInterval() {
      return low > 0 && high > 0;
    }
  }

  private final String title;
  private final List<Point> points;
  private final String prefix;
  private final boolean ratios;
  private double from; // log 10
  private double to;

  /**
   * @param prefix before the numbers of the axis
   * @param ratios whether 1 is drawn as the line where nothing changes
   */
  IntervalPlot(String title, List<Point> points, String prefix, boolean ratios) {
    this.title = title;
    this.points = List.copyOf(points);
    this.prefix = prefix;
    this.ratios = ratios;
    fit();
  }

  /** All points, and of their intervals what is not too far away to leave room for them. */
  private void fit() {
    double least = points.stream().mapToDouble(Point::value).min().orElse(1);
    double most = points.stream().mapToDouble(Point::value).max().orElse(1);
    if (ratios) {
      least = Math.min(least, 1);
      most = Math.max(most, 1);
    }
    double lowest = least / FAR;
    double highest = most * FAR;
    for (var point : points) {
      if (!point.hasInterval()) continue;
      least = Math.min(least, Math.max(lowest, point.low()));
      most = Math.max(most, Math.min(highest, point.high()));
    }
    double room = Math.max(0.05, (Math.log10(most) - Math.log10(least)) * 0.06);
    from = Math.log10(least) - room;
    to = Math.log10(most) + room;
  }

  String svg() {
    int height = TOP + points.size() * LINE + BOTTOM;
    var svg =
        new StringBuilder(
            "<svg class=\"intervals\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">"
                .formatted(WIDTH, height, Html.escape(title)));
    for (double tick : ticks()) {
      double x = x(tick);
      svg.append(
          line(x, TOP, x, height - BOTTOM, ratios && Math.abs(tick - 1) < 1e-9 ? "unit" : "grid"));
      svg.append(text(x, height - BOTTOM + 18, "middle", prefix + axis(tick)));
    }
    for (int i = 0; i < points.size(); i++) draw(svg, points.get(i), TOP + i * LINE + LINE / 2);
    return svg.append("</svg>").toString();
  }

  private void draw(StringBuilder svg, Point point, int y) {
    svg.append(text(LABELS - 12, y + 4, "end", point.label()));
    svg.append(
        "<g class=\"%s\"><title>%s</title>".formatted(point.kind(), Html.escape(point.tip())));
    if (point.hasInterval()) svg.append(line(x(point.low()), y, x(point.high()), y, "bar"));
    svg.append(mark(point.kind(), x(point.value()), y)).append("</g>");
  }

  /** Told apart by their shape as well as by their colour. */
  private static String mark(String kind, double x, int y) {
    return switch (kind) {
      case "gain" -> triangle(x, y, -1);
      case "cost" -> triangle(x, y, 1);
      default -> "<circle cx=\"%s\" cy=\"%d\" r=\"4.5\"/>".formatted(at(x), y);
    };
  }

  /**
   * @param tip -1 for up, 1 for down
   */
  private static String triangle(double x, int y, int tip) {
    return "<polygon points=\"%s,%d %s,%d %s,%d\"/>"
        .formatted(at(x - 6), y - 5 * tip, at(x + 6), y - 5 * tip, at(x), y + 6 * tip);
  }

  /** Evenly spaced where the axis is short; else 1, 2 and 5 of each power of ten, or powers. */
  private List<Double> ticks() {
    if (to - from < SHORT) return evenly();
    var ticks = steps(1, STEPS);
    for (int every = 1; ticks.size() > MAX_TICKS; every++) ticks = steps(every, 1);
    return ticks;
  }

  private List<Double> evenly() {
    double span = Math.pow(10, to) - Math.pow(10, from);
    double power = Math.pow(10, Math.floor(Math.log10(span / MIN_TICKS)));
    double step = power;
    for (double factor : STEPS) if (span / (power * factor) >= MIN_TICKS) step = power * factor;
    var ticks = new ArrayList<Double>();
    double first = Math.ceil(Math.pow(10, from) / step);
    for (double i = first; i * step <= Math.pow(10, to); i++) ticks.add(i * step);
    return ticks;
  }

  private List<Double> steps(int every, double... factors) {
    var ticks = new ArrayList<Double>();
    for (int power = (int) Math.floor(from); power <= Math.ceil(to); power++) {
      if (Math.floorMod(power, every) != 0) continue;
      for (double factor : factors) {
        double tick = factor * Math.pow(10, power);
        if (Math.log10(tick) >= from && Math.log10(tick) <= to) ticks.add(tick);
      }
    }
    return ticks;
  }

  private static String axis(double tick) {
    return BigDecimal.valueOf(tick).round(new MathContext(4)).stripTrailingZeros().toPlainString();
  }

  private double x(double value) {
    double share = Math.max(0, Math.min(1, (Math.log10(value) - from) / (to - from)));
    return LABELS + share * (WIDTH - LABELS - RIGHT);
  }

  private static String line(double x1, double y1, double x2, double y2, String kind) {
    return "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" class=\"%s\"/>"
        .formatted(at(x1), at(y1), at(x2), at(y2), kind);
  }

  private static String text(double x, double y, String anchor, String content) {
    return "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>"
        .formatted(at(x), at(y), anchor, Html.escape(content));
  }

  private static String at(double coordinate) {
    return String.format(Locale.ROOT, "%.1f", coordinate);
  }
}
