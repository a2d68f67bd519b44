package com.cpprediction.http;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Registers meters for each route's statuses in the contract: the closed set of {@code
 * cp_http_requests_seconds}.
 */
final class RouteMeters {
  /** Statuses sent before routing: request line or headers too long. */
  private static final Set<Integer> BEFORE_ROUTES = Set.of(414, 431);

  private final JsonObject paths;
  private final ServiceMetrics metrics;

  /**
   * @param contract the OpenAPI document, with every route
   */
  RouteMeters(JsonObject contract, ServiceMetrics metrics) {
    paths = contract.getJsonObject("paths");
    this.metrics = metrics;
  }

  /** Registers the meters of one route. */
  void register(String pattern, List<HttpMethod> methods) {
    metrics.httpRoute(
        pattern, methods.stream().map(HttpMethod::name).toList(), statuses(pattern, methods));
    metrics.httpRoute(
        pattern, List.of(ServiceMetrics.OTHER), List.of(Failure.METHOD_NOT_ALLOWED.status()));
  }

  /** Registers the meters of requests that match no route. */
  void registerOther() {
    var failures = EnumSet.of(Failure.MALFORMED_REQUEST, Failure.NOT_FOUND, Failure.INTERNAL);
    metrics.httpRoute(
        ServiceMetrics.OTHER,
        List.of(ServiceMetrics.OTHER),
        failures.stream().map(Failure::status).toList());
  }

  private Set<Integer> statuses(String pattern, List<HttpMethod> methods) {
    // The contract describes GET only; HEAD returns the same statuses.
    var operation = methods.get(0).name().toLowerCase(Locale.ROOT);
    var responses =
        paths.getJsonObject(pattern).getJsonObject(operation).getJsonObject("responses");
    return responses.fieldNames().stream()
        .map(Integer::valueOf)
        .filter(status -> !BEFORE_ROUTES.contains(status))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
