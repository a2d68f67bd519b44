package com.cpprediction.cli;

import io.vertx.core.json.JsonObject;
import java.util.Locale;

/** Prints what an evaluation found. */
final class AccuracyReport {
  private static final String LINE = "%-20s %8s %9s %9s %8s %7s";

  private AccuracyReport() {}

  static String heading(String what) {
    return LINE.formatted(what, "rows", "answered", "accuracy", "top 3", "ECE");
  }

  static String line(String what, JsonObject scores) {
    return LINE.formatted(
        what,
        scores.getLong("rows"),
        scores.getLong("answered"),
        percent(scores.getDouble("accuracy")),
        percent(scores.getDouble("top3")),
        String.format(Locale.ROOT, "%.4f", scores.getDouble("ece")));
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.2f %%", share * 100);
  }
}
