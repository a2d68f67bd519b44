package com.cpprediction.http;

import static java.util.Map.entry;

import com.cpprediction.json.Digests;
import com.cpprediction.prediction.Failure;
import com.cpprediction.web.WebFiles;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Serves pages, scripts and styles from memory. Browsers revalidate them by entity tag and load
 * nothing from another origin.
 */
final class StaticRoutes {
  static final String HTML = "text/html";

  static final String JS = "text/javascript";
  static final String CSS = "text/css";

  /** Media types of the files at {@code /web/}. */
  static final String[] FILE_TYPES = {JS, CSS};

  /** Files at {@code /web/}, each with its resource name. */
  private static final Map<String, String> FILES =
      Map.ofEntries(
          entry("dashboard.css", "dashboard.css"),
          entry("dashboard.js", "dashboard.js"),
          entry("dashboard-ask.js", "dashboard-ask.js"),
          entry("dashboard-failures.js", "dashboard-failures.js"),
          entry("dashboard-format.js", "dashboard-format.js"),
          entry("dashboard-history.js", "dashboard-history.js"),
          entry("dashboard-models.js", "dashboard-models.js"),
          entry("dashboard-names.js", "dashboard-names.js"),
          entry("dashboard-outcomes.js", "dashboard-outcomes.js"),
          entry("dashboard-pincodes.js", "dashboard-pincodes.js"),
          entry("dashboard-drift.js", "dashboard-drift.js"),
          entry("dashboard-plots.js", "dashboard-plots.js"),
          entry("dashboard-token.js", "dashboard-token.js"),
          entry("dashboard-shadow.js", "dashboard-shadow.js"),
          entry("review.css", "review.css"),
          entry("review.js", "review.js"),
          entry("docs.css", "docs.css"),
          entry("docs.js", "docs.js"),
          entry("swagger-ui.css", "swagger-ui/swagger-ui.css"),
          entry("swagger-ui-bundle.js", "swagger-ui/swagger-ui-bundle.js"),
          entry("uplot.css", "uplot/uPlot.min.css"),
          entry("uplot.js", "uplot/uPlot.iife.min.js"));

  private static final Map<String, String> TYPES = Map.of("html", HTML, "js", JS, "css", CSS);

  private static final CharSequence CONTENT_SECURITY_POLICY =
      HttpHeaders.createOptimized("Content-Security-Policy");
  private static final CharSequence POLICY =
      HttpHeaders.createOptimized(
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
              + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  private static final CharSequence NO_CACHE = HttpHeaders.createOptimized("no-cache");
  private static final int NOT_MODIFIED = 304;
  private static final int TAG_BYTES = 12;

  private static final Set<String> PAGES = Set.of("dashboard.html", "docs.html", "review.html");

  /** Files of the jar by resource name, read and digested once for all nodes of this JVM. */
  private static final Map<String, File> OF_JAR = new ConcurrentHashMap<>();

  private final Map<String, File> files = new HashMap<>();
  private final Map<String, File> pages = new HashMap<>();
  private final File contract;

  /**
   * @param tag quoted digest of {@code content}
   */
  private record File(String type, String tag, Buffer content) {}

  /**
   * Reads the jar: blocks.
   *
   * @param contract the OpenAPI document
   */
  StaticRoutes(JsonObject contract) {
    FILES.forEach((name, source) -> files.put(name, file(source)));
    PAGES.forEach(name -> pages.put(name, file(name)));
    this.contract = file(RouteContract.JSON, contract.toBuffer().getBytes());
  }

  Handler<RoutingContext> page(String name) {
    var page = Objects.requireNonNull(pages.get(name), name);
    return ctx -> send(ctx, page);
  }

  /** {@code GET /openapi.json}. */
  void contract(RoutingContext ctx) {
    send(ctx, contract);
  }

  /** {@code GET /web/:file}. */
  void file(RoutingContext ctx) {
    var file = files.get(ctx.pathParam("file"));
    if (file == null) throw Failure.NOT_FOUND.because("There is no such file");
    send(ctx, file);
  }

  private static File file(String source) {
    return OF_JAR.computeIfAbsent(source, StaticRoutes::read);
  }

  private static File read(String source) {
    var type = TYPES.get(source.substring(source.lastIndexOf('.') + 1));
    return file(type + "; charset=utf-8", WebFiles.bytes(source));
  }

  private static File file(String type, byte[] content) {
    var tag = '"' + HexFormat.of().formatHex(Digests.sha256(content), 0, TAG_BYTES) + '"';
    return new File(type, tag, SharedBuffers.of(content));
  }

  private static void send(RoutingContext ctx, File file) {
    Exchange.checkShared(ctx);
    var response =
        ctx.response()
            .putHeader(HttpHeaders.ETAG, file.tag())
            .putHeader(HttpHeaders.CACHE_CONTROL, NO_CACHE)
            .putHeader(CONTENT_SECURITY_POLICY, POLICY);
    var cached = ctx.request().getHeader(HttpHeaders.IF_NONE_MATCH);
    if (cached != null && (cached.equals("*") || cached.contains(file.tag()))) {
      response.setStatusCode(NOT_MODIFIED).end();
    } else {
      Exchange.respondShared(ctx, file.type(), file.content());
    }
  }
}
