package com.cpprediction.tracing;

import com.cpprediction.bus.Bus;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.context.propagation.TextMapSetter;
import io.opentelemetry.semconv.DbAttributes;
import io.opentelemetry.semconv.HttpAttributes;
import io.opentelemetry.semconv.UrlAttributes;
import io.vertx.core.MultiMap;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.spi.context.storage.ContextLocal;
import io.vertx.core.spi.tracing.TagExtractor;
import io.vertx.core.spi.tracing.VertxTracer;
import io.vertx.core.tracing.TracingPolicy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Traces requests over HTTP and the event bus: continues the trace that a request names (W3C Trace
 * Context), and begins one for a request about shipments that names none. A request whose trace
 * isn't sampled has no step, and names no trace to other nodes.
 *
 * <p>Vert.x's own tracer for OpenTelemetry would put the URL of a request, with the id of a
 * shipment in it, and the shared messages of many requests into the trace of one.
 */
final class RequestTracer implements VertxTracer<SpanStep, Object> {
  /** Links of an insert at most. */
  static final int MAX_LINKS = 32;

  private static final ContextLocal<SpanStep> STEP = ContextLocal.registerLocal(SpanStep.class);
  private static final TextMapPropagator W3C = W3CTraceContextPropagator.getInstance();
  private static final TextMapSetter<DeliveryOptions> SETTER =
      (options, key, value) -> {
        if (options != null) options.addHeader(key, value);
      };
  private static final TextMapGetter<MultiMap> GETTER =
      (headers, key) -> headers == null ? null : headers.get(key);

  /** Beginnings of the paths whose requests begin traces; others are polled, or pages. */
  private static final List<String> BEGINNINGS =
      List.of("/predict", "/outcomes", "/v2/models/", "/inference.GRPCInferenceService/ModelInfer");

  /** Addresses of the event bus whose messages begin traces. */
  private static final Set<String> PUBLIC = Set.of(Bus.PREDICT, Bus.PREDICT_BATCH, Bus.OUTCOMES);

  private static final String OWNER = Bus.owner("");
  private static final Set<HttpMethod> METHODS =
      Set.of(
          HttpMethod.GET,
          HttpMethod.HEAD,
          HttpMethod.POST,
          HttpMethod.PUT,
          HttpMethod.DELETE,
          HttpMethod.OPTIONS,
          HttpMethod.PATCH,
          HttpMethod.TRACE,
          HttpMethod.CONNECT);
  private static final String UNKNOWN_METHOD = "_OTHER";
  private static final String PREDICTIONS = "predictions";
  private static final String INSERT = "INSERT";

  private final Tracer tracer;
  private final RecordedSpans links = new RecordedSpans();

  RequestTracer(Tracer tracer) {
    this.tracer = tracer;
  }

  /** The request that {@code context} serves, if it is recorded. */
  static TraceStep current(ContextInternal context) {
    var step = STEP.get(context);
    return step == null ? TraceStep.NONE : step;
  }

  /** As {@link TraceStep#adopt}; a context that several requests share has no request. */
  static void adopt(SpanStep step) {
    var context = ContextInternal.current();
    if (context != null && context.isDuplicate()) STEP.put(context, step);
  }

  static void inject(Span span, DeliveryOptions options) {
    W3C.inject(Context.root().with(span), options, SETTER);
  }

  /** As {@link TraceStep#insert}. */
  <T> TraceStep beginInsert(List<T> rows, Function<T, UUID> id) {
    var spans = links.take(rows, id);
    if (spans.isEmpty()) return TraceStep.NONE;
    var builder = tracer.spanBuilder(INSERT + ' ' + PREDICTIONS).setNoParent();
    for (var span : spans.subList(0, Math.min(spans.size(), MAX_LINKS))) builder.addLink(span);
    var span =
        builder
            .setSpanKind(SpanKind.CLIENT)
            .setAttribute(DbAttributes.DB_SYSTEM_NAME, DbAttributes.DbSystemNameValues.POSTGRESQL)
            .setAttribute(DbAttributes.DB_OPERATION_NAME, INSERT)
            .setAttribute(DbAttributes.DB_COLLECTION_NAME, PREDICTIONS)
            .setAttribute(DbAttributes.DB_OPERATION_BATCH_SIZE, (long) rows.size())
            .startSpan();
    return new SpanStep(this, span);
  }

  /** A span in the trace of {@code parent}. */
  Span begin(String name, SpanKind kind, Span parent) {
    return tracer
        .spanBuilder(name)
        .setParent(Context.root().with(parent))
        .setSpanKind(kind)
        .startSpan();
  }

  RecordedSpans links() {
    return links;
  }

  @Override
  public <R> @Nullable SpanStep receiveRequest(
      io.vertx.core.Context context,
      io.vertx.core.spi.tracing.SpanKind kind,
      TracingPolicy policy,
      R request,
      String operation,
      Iterable<Map.Entry<String, String>> headers,
      TagExtractor<R> tags) {
    var step =
        request instanceof HttpServerRequest http
            ? begin(http)
            : request instanceof Message<?> message ? begin(message) : null;
    if (step != null) STEP.put(context, step);
    return step;
  }

  private @Nullable SpanStep begin(HttpServerRequest request) {
    var parent = parent(request.headers());
    if (parent == Context.root() && !beginsTrace(request.uri())) return null;
    boolean known = METHODS.contains(request.method());
    var method = known ? request.method().name() : UNKNOWN_METHOD;
    return begin(
        tracer
            .spanBuilder(known ? method : "HTTP")
            .setParent(parent)
            .setAttribute(HttpAttributes.HTTP_REQUEST_METHOD, method)
            .setAttribute(UrlAttributes.URL_SCHEME, request.isSSL() ? "https" : "http"));
  }

  private @Nullable SpanStep begin(Message<?> message) {
    var address = message.address();
    boolean open = PUBLIC.contains(address);
    if (!open && !address.startsWith(OWNER)) return null;
    var parent = parent(message.headers());
    if (parent == Context.root() && !open) return null;
    var destination = open ? address : OWNER + "{node}";
    return begin(
        tracer
            .spanBuilder("process " + destination)
            .setParent(parent)
            .setAttribute("messaging.system", "vertx")
            .setAttribute("messaging.operation.name", "process")
            .setAttribute("messaging.operation.type", "process")
            .setAttribute("messaging.destination.template", destination));
  }

  private @Nullable SpanStep begin(SpanBuilder builder) {
    var span = builder.setSpanKind(SpanKind.SERVER).startSpan();
    return span.isRecording() ? new SpanStep(this, span) : null;
  }

  /** The root context where the headers name no trace, or not as they should. */
  private static Context parent(MultiMap headers) {
    return W3C.extract(Context.root(), headers, GETTER);
  }

  private static boolean beginsTrace(String uri) {
    for (var beginning : BEGINNINGS) if (uri.startsWith(beginning)) return true;
    return false;
  }

  @Override
  public <R> void sendResponse(
      io.vertx.core.Context context,
      @Nullable R response,
      @Nullable SpanStep step,
      @Nullable Throwable failure,
      TagExtractor<R> tags) {
    if (step == null) return;
    step.respond(
        response instanceof HttpServerResponse http ? http.getStatusCode() : null, failure);
  }
}
