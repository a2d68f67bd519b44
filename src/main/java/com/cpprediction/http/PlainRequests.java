package com.cpprediction.http;

import com.cpprediction.auth.Caller;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

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
  private final Function<HttpServerRequest, @Nullable Caller> callers;

  /**
   * @param paths of the prediction routes, as the contract writes them
   * @param callers authenticates the caller of a request; null where it is not authorized
   */
  PlainRequests(
      Set<String> paths,
      SameOrigin origins,
      Function<HttpServerRequest, @Nullable Caller> callers) {
    this.paths = paths;
    this.origins = origins;
    this.callers = callers;
  }

  /** The caller of {@code request}; null where it is not a plain one. */
  @Nullable Caller caller(HttpServerRequest request) {
    if (request.method() != HttpMethod.POST || !paths.contains(request.uri())) return null;
    if (request.version() != HttpVersion.HTTP_1_1) return null;
    var headers = request.headers();
    for (var name : DISQUALIFYING_HEADERS) if (headers.contains(name)) return null;
    var accept = headers.get(HttpHeaders.ACCEPT);
    if (accept != null && !ACCEPTED.contains(accept)) return null;
    if (!RouteContract.JSON.equals(headers.get(HttpHeaders.CONTENT_TYPE))) return null;
    long length = BodyReceiver.contentLength(request);
    if (length < 0 || length > Routes.SHIPMENT_BYTES) return null;
    if (headers.getAll(HttpHeaders.HOST).size() > 1 || request.response().writeQueueFull()) {
      return null;
    }
    try {
      origins.check(request, false);
    } catch (ServiceException e) {
      return null;
    }
    return callers.apply(request);
  }
}
