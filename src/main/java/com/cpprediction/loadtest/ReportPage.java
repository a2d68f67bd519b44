package com.cpprediction.loadtest;

import com.cpprediction.web.WebFiles;
import io.vertx.core.json.JsonObject;

/**
 * Renders a report as one HTML file without references to others: a template with the data as JSON,
 * which the template's script draws with uPlot.
 */
public final class ReportPage {
  private ReportPage() {}

  /**
   * Fills a template in. Its placeholders are {@code {{style}}}, {@code {{script}}} (uPlot and the
   * functions shared by all reports) and {@code {{data}}}.
   *
   * @param template name of a file of {@link WebFiles}
   */
  public static String of(String template, JsonObject data) {
    return WebFiles.text(template)
        .replace("{{style}}", WebFiles.text("uplot/uPlot.min.css") + WebFiles.text("report.css"))
        .replace(
            "{{script}}", WebFiles.text("uplot/uPlot.iife.min.js") + WebFiles.text("report.js"))
        .replace("{{data}}", data.encode().replace("<", "\\u003c")); // no end of the script element
  }
}
