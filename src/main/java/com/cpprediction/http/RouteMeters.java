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
 * What each route may answer, as the contract says: the closed set behind {@code
 * cp_http_requests_seconds}.
 */
final class RouteMeters {
  /** Said before there is a route: the request line or the head is too long. */
  private static final Set<Integer> BEFORE_ROUTES = Set.of(414, 431);

  private final JsonObject paths;
  private final ServiceMetrics metrics;

  /**
   * @param contract names every route
   */
  RouteMeters(JsonObject contract, ServiceMetrics metrics) {
    paths = contract.getJsonObject("paths");
    this.metrics = metrics;
  }

  /** Shows the meters of a route. */
  void announce(String pattern, List<HttpMethod> methods) {
    metrics.httpRoute(
        pattern, methods.stream().map(HttpMethod::name).toList(), of(pattern, methods));
    metrics.httpRoute(
        pattern, List.of(ServiceMetrics.OTHER), List.of(Failure.METHOD_NOT_ALLOWED.status()));
  }

  /** Shows the meters of what no route matches. */
  void announceOther() {
    var failures = EnumSet.of(Failure.MALFORMED_REQUEST, Failure.NOT_FOUND, Failure.INTERNAL);
    metrics.httpRoute(
        ServiceMetrics.OTHER,
        List.of(ServiceMetrics.OTHER),
        failures.stream().map(Failure::status).toList());
  }

  private Set<Integer> of(String pattern, List<HttpMethod> methods) {
    // What answers GET answers HEAD with the same, and only GET is in the contract.
    var operation = methods.get(0).name().toLowerCase(Locale.ROOT);
    var responses =
        paths.getJsonObject(pattern).getJsonObject(operation).getJsonObject("responses");
    return responses.fieldNames().stream()
        .map(Integer::valueOf)
        .filter(status -> !BEFORE_ROUTES.contains(status))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
