package com.cpprediction.http;

import com.cpprediction.cache.PredictionCache;
import com.cpprediction.metrics.MetricsSummary;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;

/**
 * {@code GET /metrics}: Prometheus text, or a JSON summary by content negotiation; where requests
 * are traced OpenMetrics, too, which has the exemplars of histograms.
 */
final class MetricsRoute {
  static final String TEXT = "text/plain";

  private static final String OPEN_METRICS = "application/openmetrics-text";
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
  private static final String OPEN_METRICS_1 = OPEN_METRICS + "; version=1.0.0; charset=utf-8";

  private final ServiceMetrics metrics;
  private final boolean traced;
  private final SharedResponse text;
  private final SharedResponse openMetrics;
  private final SharedResponse summary;

  /**
   * @param traced whether requests are traced
   */
  MetricsRoute(Vertx vertx, ServiceMetrics metrics, PredictionCache cache, boolean traced) {
    this.metrics = metrics;
    this.traced = traced;
    text = shared(vertx, PROMETHEUS, () -> scrape(PROMETHEUS));
    openMetrics = shared(vertx, OPEN_METRICS_1, () -> scrape(OPEN_METRICS_1));
    summary =
        shared(
            vertx,
            RouteContract.JSON,
            () -> MetricsSummary.of(metrics).put("cache", cache.stats()).toBuffer().getBytes());
  }

  /** Gathers on a worker: a scrape walks every meter, and memory is read from /proc. */
  private static SharedResponse shared(Vertx vertx, String type, Callable<byte[]> gathering) {
    return new SharedResponse(vertx, type, () -> vertx.executeBlocking(gathering, false));
  }

  private byte[] scrape(String type) {
    return ((PrometheusMeterRegistry) metrics.registry())
        .scrape(type)
        .getBytes(StandardCharsets.UTF_8);
  }

  /** Media types of the response. */
  String[] types() {
    return traced
        ? new String[] {TEXT, OPEN_METRICS, RouteContract.JSON}
        : new String[] {TEXT, RouteContract.JSON};
  }

  void handle(RoutingContext ctx) {
    if (!(metrics.registry() instanceof PrometheusMeterRegistry)) {
      throw Failure.NOT_FOUND.because("Metrics are switched off; see metrics.enabled");
    }
    var accept = ctx.request().getHeader(HttpHeaders.ACCEPT);
    double asText = Accept.weight(accept, TEXT);
    double asJson = Accept.weight(accept, RouteContract.JSON);
    double asOpenMetrics = traced ? Accept.weight(accept, OPEN_METRICS) : 0;
    if (asOpenMetrics > Math.max(asText, asJson)) openMetrics.handle(ctx);
    else (asJson > asText ? summary : text).handle(ctx);
  }
}
