package com.cpprediction.http;

import com.cpprediction.cache.PredictionCache;
import com.cpprediction.metrics.MetricsSummary;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;

/** {@code GET /metrics}: Prometheus text, or a summary in JSON for a caller who prefers that. */
final class MetricsRoute {
  static final String TEXT = "text/plain";

  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private final ServiceMetrics metrics;
  private final PredictionCache cache;

  MetricsRoute(ServiceMetrics metrics, PredictionCache cache) {
    this.metrics = metrics;
    this.cache = cache;
  }

  void handle(RoutingContext ctx) {
    if (!(metrics.registry() instanceof PrometheusMeterRegistry registry)) {
      throw Failure.NOT_FOUND.because("Metrics are switched off; see metrics.enabled");
    }
    var accept = ctx.request().getHeader(HttpHeaders.ACCEPT);
    boolean json = Accept.weight(accept, Endpoint.JSON) > Accept.weight(accept, TEXT);
    ctx.response().putHeader(HttpHeaders.CONTENT_TYPE, json ? Endpoint.JSON : PROMETHEUS);
    ctx.vertx() // a scrape walks every meter, and memory is read from /proc
        .<Buffer>executeBlocking(
            () ->
                json
                    ? MetricsSummary.of(metrics).put("cache", cache.stats()).toBuffer()
                    : Buffer.buffer(registry.scrape(PROMETHEUS)),
            false)
        .onSuccess(ctx::end)
        .onFailure(ctx::fail);
  }
}
