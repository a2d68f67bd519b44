package com.cpprediction.http;

import com.cpprediction.prediction.ServiceException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Recognizes plain requests for predictions: those that all checks of their route before the body
 * let pass, and that have none of its rarer features. Confined to one event loop.
 */
final class PlainRequests {
  /** Headers that a plain request doesn't have. */
  private static final CharSequence[] DISQUALIFYING_HEADERS = {
    HttpHeaders.TRANSFER_ENCODING,
    HttpHeaders.CONTENT_ENCODING,
    HttpHeaders.EXPECT,
    HttpHeaders.ORIGIN,
    HttpHeaders.createOptimized("Sec-Fetch-Site")
  };

  private static final Set<String> ACCEPTED = Set.of("*/*", RouteContract.JSON);

  private final Set<String> paths;
  private final SameOrigin origins;
  private final Predicate<HttpServerRequest> mayPredict;

  /**
   * @param paths of the prediction routes, as the contract writes them
   * @param mayPredict whether the caller is authorized
   */
  PlainRequests(Set<String> paths, SameOrigin origins, Predicate<HttpServerRequest> mayPredict) {
    this.paths = paths;
    this.origins = origins;
    this.mayPredict = mayPredict;
  }

  boolean test(HttpServerRequest request) {
    if (request.method() != HttpMethod.POST || !paths.contains(request.uri())) return false;
    if (request.version() != HttpVersion.HTTP_1_1) return false;
    var headers = request.headers();
    for (var name : DISQUALIFYING_HEADERS) if (headers.contains(name)) return false;
    var accept = headers.get(HttpHeaders.ACCEPT);
    if (accept != null && !ACCEPTED.contains(accept)) return false;
    if (!RouteContract.JSON.equals(headers.get(HttpHeaders.CONTENT_TYPE))) return false;
    long length = BodyReceiver.contentLength(request);
    if (length < 0 || length > Routes.SHIPMENT_BYTES) return false;
    if (headers.getAll(HttpHeaders.HOST).size() > 1 || request.response().writeQueueFull()) {
      return false;
    }
    try {
      origins.check(request, false);
    } catch (ServiceException e) {
      return false;
    }
    return mayPredict.test(request);
  }
}
