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

/** {@code GET /metrics}: Prometheus text, or a JSON summary by content negotiation. */
final class MetricsRoute {
  static final String TEXT = "text/plain";

  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private final ServiceMetrics metrics;
  private final SharedResponse text;
  private final SharedResponse summary;

  MetricsRoute(Vertx vertx, ServiceMetrics metrics, PredictionCache cache) {
    this.metrics = metrics;
    text = shared(vertx, PROMETHEUS, () -> scrape().getBytes(StandardCharsets.UTF_8));
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

  private String scrape() {
    return ((PrometheusMeterRegistry) metrics.registry()).scrape(PROMETHEUS);
  }

  void handle(RoutingContext ctx) {
    if (!(metrics.registry() instanceof PrometheusMeterRegistry)) {
      throw Failure.NOT_FOUND.because("Metrics are switched off; see metrics.enabled");
    }
    var accept = ctx.request().getHeader(HttpHeaders.ACCEPT);
    boolean json = Accept.weight(accept, RouteContract.JSON) > Accept.weight(accept, TEXT);
    (json ? summary : text).handle(ctx);
  }
}
