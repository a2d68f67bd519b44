package com.cpprediction.http;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.AdmissionControl;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;

/**
 * Sheds predictions over the admission limit before routing: at overload, routing refused requests
 * and rendering their problem documents would take most of the CPU time. Handles plain requests
 * only, for which the router would respond the same. Confined to one event loop.
 */
final class LoadShedder {
  /** Largest request body that is read and discarded, in bytes. */
  private static final int MAX_DISCARDED = 32 * 1024;

  /** Headers that a plain request doesn't have. */
  private static final CharSequence[] DISQUALIFYING_HEADERS = {
    HttpHeaders.TRANSFER_ENCODING,
    HttpHeaders.CONTENT_ENCODING,
    HttpHeaders.EXPECT,
    HttpHeaders.ORIGIN,
    HttpHeaders.createOptimized("Sec-Fetch-Site")
  };

  private static final Set<String> ACCEPTED = Set.of("*/*", RouteContract.JSON);
  private static final String PLACEHOLDER = "$"; // occurs in no detail

  private final Set<String> paths;
  private final AdmissionControl admission;
  private final SameOrigin origins;
  private final Predicate<HttpServerRequest> mayPredict;
  private final ServiceMetrics metrics;
  private int limit;
  private byte[] beforeId; // of the document that names this limit
  private byte[] afterId;

  /**
   * @param paths of the prediction routes, as the contract writes them
   * @param mayPredict whether the caller is authorized
   */
  LoadShedder(
      Set<String> paths,
      AdmissionControl admission,
      SameOrigin origins,
      Predicate<HttpServerRequest> mayPredict,
      ServiceMetrics metrics) {
    this.paths = paths;
    this.admission = admission;
    this.origins = origins;
    this.mayPredict = mayPredict;
    this.metrics = metrics;
    render(admission.limit());
  }

  /** Refuses {@code request} if it is plain and the limit is reached; else leaves it untouched. */
  boolean shed(HttpServerRequest request) {
    if (!admission.full() || !plain(request)) return false;
    long start = System.nanoTime();
    respond(request);
    metrics.shed(Shed.IN_FLIGHT);
    metrics.failed(Failure.OVERLOADED);
    metrics.httpRequest(
        request.uri(),
        HttpMethod.POST.name(),
        Failure.OVERLOADED.status(),
        System.nanoTime() - start);
    return true;
  }

  private boolean plain(HttpServerRequest request) {
    if (request.method() != HttpMethod.POST || !paths.contains(request.uri())) return false;
    if (request.version() != HttpVersion.HTTP_1_1 || AccessLog.enabled()) return false;
    var headers = request.headers();
    for (var name : DISQUALIFYING_HEADERS) if (headers.contains(name)) return false;
    var accept = headers.get(HttpHeaders.ACCEPT);
    if (accept != null && !ACCEPTED.contains(accept)) return false;
    if (!RouteContract.JSON.equals(headers.get(HttpHeaders.CONTENT_TYPE))) return false;
    long length = BodyReceiver.contentLength(request);
    if (length < 0 || length > MAX_DISCARDED) return false;
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

  private void respond(HttpServerRequest request) {
    if (limit != admission.limit()) render(admission.limit());
    var requested = request.getHeader(Exchange.REQUEST_ID);
    var id = requested == null ? randomId() : Exchange.requestId(requested);
    var body =
        Buffer.buffer(beforeId.length + id.length() + afterId.length)
            .appendBytes(beforeId)
            .appendString(id)
            .appendBytes(afterId);
    ProblemHandler.send(request, Failure.OVERLOADED, Failure.OVERLOADED.status(), id, body);
  }

  private void render(int limitNow) {
    var document =
        ProblemHandler.document(
                admission.fullOf(limitNow), Failure.OVERLOADED.status(), PLACEHOLDER)
            .encode();
    int position = document.lastIndexOf(PLACEHOLDER);
    beforeId = document.substring(0, position).getBytes(StandardCharsets.UTF_8);
    afterId = document.substring(position + PLACEHOLDER.length()).getBytes(StandardCharsets.UTF_8);
    limit = limitNow;
  }

  /** A random UUID; needn't be unguessable, since a request id grants nothing. */
  private static String randomId() {
    var random = ThreadLocalRandom.current();
    long version4 = random.nextLong() & 0xFFFF_FFFF_FFFF_0FFFL | 0x4000L;
    long variant = random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL | 0x8000_0000_0000_0000L;
    return new UUID(version4, variant).toString();
  }
}
