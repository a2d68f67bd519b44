package com.cpprediction.tracing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.semconv.ErrorAttributes;
import io.opentelemetry.semconv.HttpAttributes;
import io.vertx.core.eventbus.DeliveryOptions;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A recorded step. */
final class SpanStep implements TraceStep {
  /** Steps of a request at most: a stream may have any number of lines. */
  private static final int MAX_STEPS = 256;

  /**
   * UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS, as
   * OpenTelemetry's conventions have them.
   */
  private static final Set<Integer> GRPC_FAILURES = Set.of(2, 4, 12, 13, 14, 15);

  private final RequestTracer tracer;
  private final Span span;
  private final AtomicInteger left; // of the steps of the request
  private volatile int grpcStatus = -1; // none

  /** The first step of a request. */
  SpanStep(RequestTracer tracer, Span span) {
    this(tracer, span, new AtomicInteger(MAX_STEPS));
  }

  private SpanStep(RequestTracer tracer, Span span, AtomicInteger left) {
    this.tracer = tracer;
    this.span = span;
    this.left = left;
  }

  SpanContext context() {
    return span.getSpanContext();
  }

  @Override
  public boolean active() {
    return true;
  }

  @Override
  public TraceStep child(String name) {
    return child(name, SpanKind.INTERNAL);
  }

  @Override
  public TraceStep call(String name) {
    return child(name, SpanKind.CLIENT);
  }

  private TraceStep child(String name, SpanKind kind) {
    if (left.get() <= 0 || left.getAndDecrement() <= 0) return NONE;
    return new SpanStep(tracer, tracer.begin(name, kind, span), left);
  }

  @Override
  public TraceStep set(String attribute, @Nullable String value) {
    if (value != null) span.setAttribute(attribute, value);
    return this;
  }

  @Override
  public TraceStep set(String attribute, long value) {
    span.setAttribute(attribute, value);
    return this;
  }

  @Override
  public void route(String method, String pattern) {
    span.updateName(method + ' ' + pattern);
    span.setAttribute(HttpAttributes.HTTP_ROUTE, pattern);
  }

  @Override
  public void inject(DeliveryOptions options) {
    RequestTracer.inject(span, options);
  }

  @Override
  public void adopt() {
    RequestTracer.adopt(this);
  }

  @Override
  public void recorded(UUID id) {
    tracer.links().put(id, context());
  }

  @Override
  public void end() {
    span.end();
  }

  @Override
  public void fail(String type) {
    span.setStatus(StatusCode.ERROR);
    span.setAttribute(ErrorAttributes.ERROR_TYPE, type);
    span.end();
  }

  @Override
  public void grpc(int status) {
    grpcStatus = status;
  }

  /**
   * Ends it with the response: statuses from 500 on, and {@linkplain #GRPC_FAILURES some} of gRPC,
   * are failures.
   *
   * @param status of HTTP; null for a message, and where the caller has left
   */
  void respond(@Nullable Integer status, @Nullable Throwable failure) {
    if (grpcStatus >= 0) {
      span.setAttribute("rpc.system", "grpc");
      span.setAttribute("rpc.grpc.status_code", (long) grpcStatus);
      end(GRPC_FAILURES.contains(grpcStatus), Integer.toString(grpcStatus));
    } else if (status != null) {
      span.setAttribute(HttpAttributes.HTTP_RESPONSE_STATUS_CODE, (long) status);
      end(status >= 500, status.toString());
    } else {
      end(failure != null, "disconnected");
    }
  }

  private void end(boolean failed, String type) {
    if (failed) fail(type);
    else span.end();
  }
}
