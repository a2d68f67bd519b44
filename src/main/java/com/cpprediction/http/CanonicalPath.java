package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import io.vertx.ext.web.RoutingContext;

/**
 * Refuses paths that the router would normalize, such as {@code //config} and {@code
 * /web/../config}: a proxy that filters by prefix doesn't recognize them.
 */
final class CanonicalPath {
  private CanonicalPath() {}

  /**
   * Throws {@link Failure#NOT_FOUND} unless the path is written as the router matches it. A
   * shipment id in a path is exempt: it may be {@code ..}, and its route matches paths as written.
   */
  static void check(RoutingContext ctx) {
    var path = ctx.request().path();
    if (path == null || isShipment(path)) return;
    boolean slashAtEnd = path.length() > 1 && path.endsWith("/");
    if (path.equals(normalized(ctx)) && !slashAtEnd) return;
    throw Failure.NOT_FOUND.because(
        "There is nothing at this path; paths have no //, /./, /../, no slash at the end, and no escapes where none is needed");
  }

  private static String normalized(RoutingContext ctx) {
    try {
      return ctx.normalizedPath();
    } catch (IllegalArgumentException e) {
      throw Failure.MALFORMED_REQUEST.because("The path has a % that begins no escape");
    }
  }

  private static boolean isShipment(String path) {
    return isBelow(Routes.PREDICTIONS, path) || isBelow(Routes.SHIPMENTS, path);
  }

  private static boolean isBelow(String parent, String path) {
    return path.startsWith(parent)
        && path.length() > parent.length()
        && path.indexOf('/', parent.length()) < 0;
  }
}
