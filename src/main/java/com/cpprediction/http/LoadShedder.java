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
 * Refuses predictions for which there is no room before anything else is done about them: at
 * overload most of a processor's time would go into routing what is refused, and describing why.
 * Takes plain requests only, of which is known that the router would say the same; the rest is left
 * to it. Confined to one event loop.
 */
final class LoadShedder {
  /** Bytes of a body that comes with its head, or soon after, and is thrown away. */
  private static final int MOST_DRAINED = 32 * 1024;

  /** What makes a request another than plain. */
  private static final CharSequence[] ODD = {
    HttpHeaders.TRANSFER_ENCODING,
    HttpHeaders.CONTENT_ENCODING,
    HttpHeaders.EXPECT,
    HttpHeaders.ORIGIN,
    HttpHeaders.createOptimized("Sec-Fetch-Site")
  };

  private static final Set<String> ACCEPTED = Set.of("*/*", RouteContract.JSON);
  private static final String PLACE = "$"; // in no detail

  private final Set<String> paths;
  private final AdmissionControl inFlight;
  private final SameOrigin origins;
  private final Predicate<HttpServerRequest> admitted;
  private final ServiceMetrics metrics;
  private int limit = -1;
  private byte[] begin; // of the document, for that limit
  private byte[] end;

  /**
   * @param paths of the routes that answer predictions, as the contract writes them
   * @param admitted whether a caller may ask them
   */
  LoadShedder(
      Set<String> paths,
      AdmissionControl inFlight,
      SameOrigin origins,
      Predicate<HttpServerRequest> admitted,
      ServiceMetrics metrics) {
    this.paths = paths;
    this.inFlight = inFlight;
    this.origins = origins;
    this.admitted = admitted;
    this.metrics = metrics;
  }

  /** Whether {@code request} was refused; nothing was done about it otherwise. */
  boolean refuses(HttpServerRequest request) {
    if (!inFlight.full() || !plain(request)) return false;
    long start = System.nanoTime();
    answer(request);
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
    for (var name : ODD) if (headers.contains(name)) return false;
    var accept = headers.get(HttpHeaders.ACCEPT);
    if (accept != null && !ACCEPTED.contains(accept)) return false;
    if (!RouteContract.JSON.equals(headers.get(HttpHeaders.CONTENT_TYPE))) return false;
    long length = BodyReceiver.contentLength(request);
    if (length < 0 || length > MOST_DRAINED) return false;
    if (headers.getAll(HttpHeaders.HOST).size() > 1 || request.response().writeQueueFull()) {
      return false;
    }
    try {
      origins.check(request, false);
    } catch (ServiceException e) {
      return false;
    }
    return admitted.test(request);
  }

  private void answer(HttpServerRequest request) {
    if (limit != inFlight.limit()) describe(inFlight.limit());
    var given = request.getHeader(Exchange.REQUEST_ID);
    var id = given == null ? fresh() : Exchange.requestId(given);
    var body =
        Buffer.buffer(begin.length + id.length() + end.length)
            .appendBytes(begin)
            .appendString(id)
            .appendBytes(end);
    ProblemHandler.send(request, Failure.OVERLOADED, Failure.OVERLOADED.status(), id, body);
  }

  private void describe(int most) {
    var document =
        ProblemHandler.document(inFlight.fullOf(most), Failure.OVERLOADED.status(), PLACE).encode();
    int place = document.lastIndexOf(PLACE);
    begin = document.substring(0, place).getBytes(StandardCharsets.UTF_8);
    end = document.substring(place + PLACE.length()).getBytes(StandardCharsets.UTF_8);
    limit = most;
  }

  /** Unguessable is not needed: a request id grants nothing. */
  private static String fresh() {
    var random = ThreadLocalRandom.current();
    long version4 = random.nextLong() & 0xFFFF_FFFF_FFFF_0FFFL | 0x4000L;
    long variant = random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL | 0x8000_0000_0000_0000L;
    return new UUID(version4, variant).toString();
  }
}
