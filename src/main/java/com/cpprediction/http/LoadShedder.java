package com.cpprediction.http;

import com.cpprediction.auth.Caller;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.AdmissionControl;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Sheds predictions over the admission limit before routing: at overload, routing refused requests
 * and rendering their problem documents would take most of the CPU time. Handles plain requests
 * only, for which the router would respond the same. Confined to one event loop.
 */
final class LoadShedder {
  private static final String PLACEHOLDER = "$"; // occurs in no detail

  private final PlainRequests plain;
  private final AdmissionControl admission;
  private final ServiceMetrics metrics;
  private int limit;
  private byte[] beforeId; // of the document that names this limit
  private byte[] afterId;

  /**
   * @param paths of the prediction routes, as the contract writes them
   * @param callers authenticates the caller of a request; null where it is not authorized
   */
  LoadShedder(
      Set<String> paths,
      AdmissionControl admission,
      SameOrigin origins,
      Function<HttpServerRequest, @Nullable Caller> callers,
      ServiceMetrics metrics) {
    plain = new PlainRequests(paths, origins, callers);
    this.admission = admission;
    this.metrics = metrics;
    render(admission.limit());
  }

  /** Refuses {@code request} if it is plain and the limit is reached; else leaves it untouched. */
  boolean shed(HttpServerRequest request) {
    if (!admission.full() || AccessLog.enabled()) return false;
    var caller = plain.caller(request);
    if (caller == null) return false;
    long start = System.nanoTime();
    var id = Exchange.requestId(request.getHeader(Exchange.REQUEST_ID));
    respond(request, id);
    metrics
        .failures()
        .add(
            Failure.OVERLOADED,
            Failure.OVERLOADED.status(),
            id,
            request.uri(),
            caller.name(),
            null);
    metrics.shed(Shed.IN_FLIGHT);
    metrics.failed(Failure.OVERLOADED);
    metrics.httpRequest(
        request.uri(),
        HttpMethod.POST.name(),
        Failure.OVERLOADED.status(),
        System.nanoTime() - start);
    return true;
  }

  private void respond(HttpServerRequest request, String id) {
    if (limit != admission.limit()) render(admission.limit());
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
}
