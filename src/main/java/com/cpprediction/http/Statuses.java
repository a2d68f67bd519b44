package com.cpprediction.http;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import io.vertx.core.http.HttpMethod;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What each route may answer: the closed set behind {@code cp_http_requests_seconds}. */
final class Statuses {
  private static final int OK = 200;
  private static final int NOT_MODIFIED = 304;

  /** What is sent once, and then only when it has changed. */
  private static final Set<String> FILES = Set.of("/", "/docs", "/openapi.json", "/web/{file}");

  private Statuses() {}

  /** Shows the meters of a route. */
  static void announce(ServiceMetrics metrics, String pattern, List<HttpMethod> methods) {
    metrics.httpRoute(
        pattern, methods.stream().map(HttpMethod::name).toList(), of(pattern, methods));
    metrics.httpRoute(
        pattern, List.of(ServiceMetrics.OTHER), List.of(Failure.METHOD_NOT_ALLOWED.status()));
  }

  /** Shows the meters of what no route matches. */
  static void announceOther(ServiceMetrics metrics) {
    metrics.httpRoute(
        ServiceMetrics.OTHER,
        List.of(ServiceMetrics.OTHER),
        statuses(EnumSet.of(Failure.MALFORMED_REQUEST, Failure.NOT_FOUND, Failure.INTERNAL)));
  }

  private static Set<Integer> of(String pattern, List<HttpMethod> methods) {
    var failures = EnumSet.of(Failure.NOT_ACCEPTABLE, Failure.INTERNAL);
    failures.addAll(failures(pattern, methods));
    var statuses = new TreeSet<>(statuses(failures));
    statuses.add(OK);
    if (FILES.contains(pattern)) statuses.add(NOT_MODIFIED);
    return statuses;
  }

  /** Beside those that every route has. */
  private static List<Failure> failures(String pattern, List<HttpMethod> methods) {
    return switch (pattern) {
      case "/", "/docs", "/openapi.json" -> List.of();
      case "/web/{file}" -> List.of(Failure.NOT_FOUND);
      case "/events" -> List.of(Failure.OVERLOADED, Failure.NOT_READY);
      case "/health", "/health/live", "/cluster", "/cache/stats" -> List.of();
      case "/health/ready" -> List.of(Failure.NOT_READY);
      case "/metrics" -> List.of(Failure.NOT_FOUND);
      case "/cache", "/config" -> List.of(Failure.UNAUTHORIZED);
      case "/models/status" -> List.of(Failure.NOT_READY, Failure.DEADLINE_EXCEEDED);
      case "/models/{prefix}" ->
          List.of(Failure.NOT_FOUND, Failure.NOT_READY, Failure.DEADLINE_EXCEEDED);
      case "/predictions/{shipment_id}" ->
          List.of(
              Failure.MALFORMED_REQUEST,
              Failure.UNAUTHORIZED,
              Failure.NOT_FOUND,
              Failure.NOT_READY,
              Failure.DEADLINE_EXCEEDED);
      case "/predict", "/predict/batch" -> without(any(methods), Failure.NOT_FOUND);
      case "/predict/stream" -> // what its lines fail with is in its body
          List.of(
              Failure.MALFORMED_REQUEST,
              Failure.UNAUTHORIZED,
              Failure.UNSUPPORTED_MEDIA_TYPE,
              Failure.NOT_READY);
      case "/cache/warm", "/models/reload", "/outcomes" ->
          without(
              any(methods), Failure.NOT_FOUND, Failure.UNKNOWN_PREFIX, Failure.PINCODE_REQUIRED);
      default -> any(methods);
    };
  }

  /** Whatever there is but {@code method-not-allowed}, and what only a body can do wrong. */
  private static List<Failure> any(List<HttpMethod> methods) {
    var body =
        EnumSet.of(Failure.TOO_LARGE, Failure.UNSUPPORTED_MEDIA_TYPE, Failure.UNKNOWN_PREFIX);
    return Arrays.stream(Failure.values())
        .filter(failure -> failure != Failure.METHOD_NOT_ALLOWED)
        .filter(failure -> methods.contains(HttpMethod.POST) || !body.contains(failure))
        .toList();
  }

  private static List<Failure> without(List<Failure> failures, Failure... none) {
    return failures.stream().filter(failure -> !List.of(none).contains(failure)).toList();
  }

  private static Set<Integer> statuses(Set<Failure> failures) {
    return failures.stream().map(Failure::status).collect(Collectors.toCollection(TreeSet::new));
  }
}
